package apiphant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apiphant/apiphant/internal/hosts"
)

// DefaultTimeout is how long a call may take where [API.Timeout] is not set.
const DefaultTimeout = 30 * time.Second

// API is the table of all that a product serves. The zero API is empty and ready
// for use. Fill it before the first call; from then on it must not change, and any
// number of calls may run at the same time.
type API struct {
	// Timeout is how long after its start a call's context ends. 0: DefaultTimeout;
	// negative: never. [Action.Timeout] is for one action. If a function returns the
	// error of its context, the answer is 503.
	//
	// A call whose function returns a sequence has this time for the beginning
	// of its answer: the first row, or the first comment of an event stream.
	Timeout time.Duration

	// StreamTimeout is the same for calls whose function returns a sequence, see
	// [Stream], from the start of the call to the end of its answer. 0: never.
	StreamTimeout time.Duration

	// Strict refuses JSON requests that have a key twice in one object, at any
	// depth, and typed requests that have a key that no field has, also where
	// only the letter case differs. Without Strict, the last of several equal
	// keys counts, and unknown keys are ignored.
	Strict bool

	// AcceptGzip decodes requests whose Content-Encoding is gzip, within the bounds of
	// their bodies: what they are decoded to has the same. Functions see no difference,
	// and those that read the request themselves no Content-Encoding. Without
	// AcceptGzip such a request is answered with 415, and functions that read the
	// request themselves get it as it comes.
	AcceptGzip bool

	// AllowOrigins are the origins of other sites whose pages may call the API:
	// "https://app.example.com", whose requests may also have cookies;
	// "https://*.example.com", every name below that one, and "*", every site,
	// both without cookies. nil: none. A request whose Origin is neither one of
	// these nor the host that it asks is answered with 403.
	AllowOrigins []string

	// Hosts are the hosts that the API may be asked as: "api.example.com",
	// "*.example.com", every name below that one, "127.0.0.1", "[::1]", each with
	// a port or, for any port, without; "*", any host. nil: any. A request whose
	// Host is another is answered with 421, and so is one without a Host (HTTP/1.0).
	Hosts []string

	// Start runs once before anything is served, and Stop once after the last
	// call has ended; nil: nothing. An error of Start ends the program.
	Start, Stop func(ctx context.Context) error

	// Comments are the doc comments of the product's functions, types and fields,
	// by their names in Go: "shop/api/v0/orders.Create", "shop/api/v0/orders.Order",
	// "shop/api/v0/orders.Order.Email". The generated main sets them, so that a
	// program has them that is far from its source. nil: none.
	Comments map[string]string

	targets     []target
	middlewares []*middleware
	addresses   []declaredAddress

	once      sync.Once
	endpoints map[string]*Endpoint
	patterns  patterns
	origins   origins
	hosts     hosts.Set // of Hosts
	err       error
}

type target struct {
	path    string
	actions Actions
}

// Handle serves the actions of a target, such as "v0/shop/orders". [API.Check]
// returns what is wrong with it.
func (a *API) Handle(path string, actions Actions) {
	a.targets = append(a.targets, target{path, actions})
}

// Use wraps a middleware around all that is at and below path: "" is the whole
// API, "v0" a version, "v0/shop" a target and those below it. The middleware of a
// shorter path runs first; of two for one path, the one that was added first.
func (a *API) Use(path string, wrap func(next Handler) Handler) {
	a.middlewares = append(a.middlewares, &middleware{path: path, wrap: wrap})
}

// Check returns all that can't work in the table, with the names of the functions.
// A door calls it before it serves.
func (a *API) Check() error {
	a.once.Do(a.compile)
	return a.err
}

// Routes returns every route, in the order of their paths.
func (a *API) Routes() []*Endpoint {
	a.once.Do(a.compile)
	return a.sorted()
}

func (a *API) sorted() []*Endpoint {
	routes := make([]*Endpoint, 0, len(a.endpoints))
	for _, endpoint := range a.endpoints {
		routes = append(routes, endpoint)
	}
	slices.SortFunc(routes, func(a, b *Endpoint) int { return cmp.Compare(a.Path(), b.Path()) })
	return routes
}

// compile makes the table once, so that a call only looks it up.
func (a *API) compile() {
	var errs []error
	a.origins, errs = compileOrigins(a.AllowOrigins)
	named, err := hosts.Parse(a.Hosts)
	if a.hosts = named; err != nil {
		errs = append(errs, err)
	}
	slices.SortStableFunc(a.middlewares, func(a, b *middleware) int { return cmp.Compare(len(a.path), len(b.path)) })
	for _, m := range a.middlewares {
		if err := checkMiddlewarePath(m.path); err != nil {
			errs = append(errs, fmt.Errorf("middleware for %q: %w", m.path, err))
		}
	}
	a.endpoints, a.patterns = map[string]*Endpoint{}, patterns{}
	for _, target := range a.targets {
		errs = append(errs, a.add(target)...)
	}
	errs = append(errs, a.middlewareFailures()...)
	errs = append(errs, a.compileAddresses()...)
	for i, endpoint := range a.sorted() {
		endpoint.Index = i
	}
	a.err = errors.Join(errs...)
}

func (a *API) add(t target) (errs []error) {
	version, name, err := splitTarget(t.path)
	if err != nil {
		return []error{fmt.Errorf("target %q: %w", t.path, err)}
	}
	found := false
	for _, named := range []struct {
		name   string
		action Action
	}{{"create", t.actions.Create}, {"read", t.actions.Read}, {"update", t.actions.Update}, {"delete", t.actions.Delete}} {
		action := named.action
		if action.run == nil {
			continue
		}
		found = true
		endpoint := action.endpoint(Route{Version: version, Target: name, Action: named.name})
		endpoint.Comment = a.Comments[action.source.Function]
		endpoint.handler = a.wrap(endpoint, t.path, action.bounds.running.limit(action.run))
		if endpoint.handler == nil {
			errs = append(errs, fmt.Errorf("%s: a middleware returns no Handler", endpoint))
		}
		if action.err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", endpoint, action.source, action.err))
		}
		if other := a.endpoints[endpoint.Path()]; other != nil {
			errs = append(errs, fmt.Errorf("%s is served twice: by %s and by %s", endpoint, other.Source, action.source))
			continue
		}
		a.endpoints[endpoint.Path()] = endpoint
	}
	if !found {
		errs = append(errs, fmt.Errorf("target %q has no action: want create, read, update or delete", t.path))
	}
	return errs
}

func (a *API) wrap(endpoint *Endpoint, path string, handler Handler) Handler {
	for _, m := range slices.Backward(a.middlewares) {
		if m.path == "" || m.path == path || strings.HasPrefix(path, m.path+"/") {
			if handler = m.wrap(Layer{endpoint, m}.answers(handler)); handler == nil {
				return nil
			}
		}
	}
	return handler
}
