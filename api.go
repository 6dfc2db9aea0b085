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
)

// DefaultTimeout is how long a call may take where [API.Timeout] is not set.
const DefaultTimeout = 30 * time.Second

// API is the table of what a product serves: every route by name, nothing by
// reflection. The zero API is ready for use. Fill it before the first call;
// from then on it must not change, and any number of calls may run at once.
type API struct {
	// Timeout is the deadline of the context that a function gets.
	// 0: DefaultTimeout; negative: none. A function that returns its
	// context's end is answered with 503.
	Timeout time.Duration

	// Strict refuses JSON requests that others pass over: a key that comes
	// twice in one object, at any depth, and in a typed request a key that no
	// field has, also where only its letter case differs.
	Strict bool

	// AllowOrigins are the other sites whose pages may call, as browsers name
	// them: "https://app.example.com", which may also have cookies sent;
	// "https://*.example.com" is every name below that one, and "*" every site,
	// both without cookies. nil: none. A request with an Origin that is neither
	// one of these nor the host that was asked is answered with 403.
	AllowOrigins []string

	// Start runs once before anything is served, and Stop after everything
	// ended; nil: nothing. A Start that fails ends the program with its error.
	Start, Stop func(ctx context.Context) error

	// Comments are the doc comments of the product's functions, types and fields,
	// by their names in Go: "shop/api/v0/orders.Create", "shop/api/v0/orders.Order",
	// "shop/api/v0/orders.Order.Email". The generated main sets them, so that a
	// program has them that is far from its source. nil: none.
	Comments map[string]string

	targets     []target
	middlewares []middleware
	addresses   []furtherAddress

	once      sync.Once
	endpoints map[string]*Endpoint
	patterns  patterns
	origins   origins
	err       error
}

type target struct {
	path    string
	actions Actions
}

type middleware struct {
	path string
	wrap func(next Handler) Handler
}

// Handle serves the actions of a target, such as "v0/shop/orders". What is
// wrong with it is told by [API.Check].
func (a *API) Handle(path string, actions Actions) {
	a.targets = append(a.targets, target{path, actions})
}

// Use wraps middleware around everything at and below path: "" is the whole
// API, "v0" a version, "v0/shop" a target with all those below it. The shorter
// path is the outer one, and of two for the same path the first.
func (a *API) Use(path string, wrap func(next Handler) Handler) {
	a.middlewares = append(a.middlewares, middleware{path, wrap})
}

// Check tells everything in the table that can't work, naming the functions:
// a door calls it before it serves.
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
	slices.SortStableFunc(a.middlewares, func(a, b middleware) int { return cmp.Compare(len(a.path), len(b.path)) })
	for _, m := range a.middlewares {
		if err := checkMiddlewarePath(m.path); err != nil {
			errs = append(errs, fmt.Errorf("middleware for %q: %w", m.path, err))
		}
	}
	a.endpoints, a.patterns = map[string]*Endpoint{}, patterns{}
	for _, target := range a.targets {
		errs = append(errs, a.add(target)...)
	}
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
		endpoint.handler = a.wrap(t.path, action.run)
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

func (a *API) wrap(path string, handler Handler) Handler {
	for _, m := range slices.Backward(a.middlewares) {
		if m.path == "" || m.path == path || strings.HasPrefix(path, m.path+"/") {
			if handler = m.wrap(handler); handler == nil {
				return nil
			}
		}
	}
	return handler
}
