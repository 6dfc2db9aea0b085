package apiphant

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/apiphant/apiphant/internal/decode"
)

// Address is a further address of a route, beside its path: a method, and a
// pattern that paths match.
type Address struct {
	Method  string // "GET"
	Pattern string // "/orders/{id}"
}

// String returns "GET /orders/{id}".
func (a Address) String() string { return a.Method + " " + a.Pattern }

// Address gives a route a further address. pattern is one of [http.ServeMux]'s,
// with a method and without a host: "GET /orders/{id}". {name} is one segment of a
// path, {name...} at the end is all that follows, and {$} at the end is nothing.
// Where several patterns match, the most specific one wins. route is a version, a
// target and an action: "v0/orders/read".
//
// What the path has in place of {name}, percent-decoded once, and what the query
// has, are fields of the function's request: their text becomes what the type of
// the field is. A field of the path comes before one of the query, and that before
// one of the body. A function that reads the request itself has them as
// [http.Request.PathValue] and in its URL.
//
// [API.Check] returns what is wrong with an address.
func (a *API) Address(pattern, route string) {
	a.addresses = append(a.addresses, furtherAddress{pattern, route})
}

type furtherAddress struct{ pattern, route string }

// compileAddresses fills the patterns and the Addresses of the endpoints.
func (a *API) compileAddresses() (errs []error) {
	mux := http.NewServeMux() // it knows which patterns are wrong, and which conflict
	for _, further := range a.addresses {
		err := checkPattern(mux, further.pattern)
		endpoint := a.endpoints[PathPrefix+"/"+further.route]
		switch {
		case err != nil:
		case endpoint == nil:
			err = fmt.Errorf("there is no route %q: want a version, a target and an action, such as v0/orders/read", further.route)
		default:
			method, path, _ := strings.Cut(further.pattern, " ")
			address := Address{Method: method, Pattern: strings.TrimLeft(path, " \t")}
			endpoint.Addresses = append(endpoint.Addresses, address)
			err = endpoint.checkParameters(a.patterns.add(address, endpoint))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("address %q: %w", further.pattern, err))
		}
	}
	return errs
}

// checkParameters refuses parameters of a path that no field of the request has room for.
func (e *Endpoint) checkParameters(names []string) error {
	if e.takes == nil {
		return nil
	}
	for _, name := range names {
		if name != "" && !e.takes(name) {
			return fmt.Errorf("%s: the request %s has no field %q that text can be the value of", e.Source, e.Request, name)
		}
	}
	return nil
}

var registeredAt = regexp.MustCompile(` \(registered at [^)]*\)`)

// checkPattern registers a pattern with mux, which panics where it can't be.
func checkPattern(mux *http.ServeMux, pattern string) (err error) {
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.TrimLeft(path, " \t")
	switch {
	case path == "":
		return errors.New(`want a method and a path, such as "GET /orders/{id}"`)
	case path[0] != '/':
		return errors.New("a pattern has no host: want a path that begins with /")
	case method != strings.ToUpper(method):
		return fmt.Errorf("methods are written in capital letters: want %s", strings.ToUpper(method))
	case belowVersion.MatchString(path):
		return fmt.Errorf("paths below %s/vN are those of routes", PathPrefix)
	}
	defer func() {
		if value := recover(); value != nil {
			err = errors.New(registeredAt.ReplaceAllString(fmt.Sprint(value), ""))
		}
	}()
	mux.Handle(pattern, http.NotFoundHandler())
	return nil
}

var belowVersion = regexp.MustCompile(`^/api/(v[0-9]+|\{)`)

// patterns finds addresses. Each method has a tree of its own, since a pattern for
// one method says nothing about paths that another is asked with.
type patterns map[string]*node

// node is a place in a path.
type node struct {
	literals map[string]*node
	any      *node       // {name}
	end      *addressEnd // of a pattern that ends here
	rest     *addressEnd // of one that takes all that follows
}

// addressEnd is where a pattern leads.
type addressEnd struct {
	endpoint *Endpoint
	names    []string // of the parameters, in the order of the path; "": it has none
}

// add adds an address, and returns the names of its parameters.
func (p patterns) add(address Address, endpoint *Endpoint) (names []string) {
	if p[address.Method] == nil {
		p[address.Method] = &node{}
	}
	at, end := p[address.Method], &addressEnd{endpoint: endpoint}
	for segment := range strings.SplitSeq(address.Pattern[1:], "/") {
		name, isParameter := strings.CutPrefix(segment, "{")
		name = strings.TrimSuffix(name, "}")
		switch {
		case segment == "": // a slash at the end stands for all below it
			end.names = append(end.names, "")
			at.rest = end
			return end.names
		case segment == "{$}":
			at.literal("").end = end
			return end.names
		case strings.HasSuffix(name, "...") && isParameter:
			end.names = append(end.names, strings.TrimSuffix(name, "..."))
			at.rest = end
			return end.names
		case isParameter:
			end.names = append(end.names, name)
			if at.any == nil {
				at.any = &node{}
			}
			at = at.any
		default:
			at = at.literal(unescaped(segment))
		}
	}
	at.end = end
	return end.names
}

func (n *node) literal(segment string) *node {
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// unescaped returns a segment of a pattern as those of paths are compared with it.
func unescaped(segment string) string {
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	return segment
}

// find returns the endpoint for a request, or what it is refused with.
func (p patterns) find(method, path, query string) Match {
	segments, ok := splitPath(path)
	if !ok {
		return Match{refusal: http.StatusNotFound}
	}
	end, texts := p.end(method, segments)
	if end == nil {
		allowed := p.allowed(segments)
		if len(allowed) == 0 {
			return Match{refusal: http.StatusNotFound}
		}
		return Match{refusal: http.StatusMethodNotAllowed, further: &further{allow: strings.Join(allowed, ", ")}}
	}
	found := &further{query: query}
	for i, name := range end.names {
		if name != "" {
			found.path = append(found.path, decode.Value{Name: name, Texts: texts[i : i+1 : i+1]})
		}
	}
	return Match{Endpoint: end.endpoint, further: found}
}

// end returns where a request leads, and the texts of the parameters. HEAD asks
// for what GET would answer.
func (p patterns) end(method string, segments []string) (*addressEnd, []string) {
	if root := p[method]; root != nil {
		if end, values := root.match(segments, nil); end != nil {
			return end, values
		}
	}
	if method == http.MethodHead {
		return p.end(http.MethodGet, segments)
	}
	return nil, nil
}

// allowed returns the methods that a path can be asked with, sorted.
func (p patterns) allowed(segments []string) (methods []string) {
	for method, root := range p {
		if end, _ := root.match(segments, nil); end != nil {
			methods = append(methods, method)
		}
	}
	if slices.Contains(methods, http.MethodGet) && !slices.Contains(methods, http.MethodHead) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return methods
}

// match returns the most specific pattern for the segments of a path.
func (n *node) match(segments, values []string) (*addressEnd, []string) {
	if len(segments) == 0 {
		return n.end, values
	}
	if literal := n.literals[segments[0]]; literal != nil {
		if end, values := literal.match(segments[1:], values); end != nil {
			return end, values
		}
	}
	if n.any != nil && segments[0] != "" {
		if end, values := n.any.match(segments[1:], append(values[:len(values):len(values)], segments[0])); end != nil {
			return end, values
		}
	}
	if n.rest != nil {
		return n.rest, append(values[:len(values):len(values)], strings.Join(segments, "/"))
	}
	return nil, nil
}

// splitPath returns the segments of a path, each percent-decoded once, and reports
// whether it is one that a pattern may match: what has dot segments, which clients
// and proxies resolve in different ways, is none.
func splitPath(path string) (segments []string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return nil, false
	}
	segments = make([]string, 0, strings.Count(rest, "/")+1)
	for escaped := range strings.SplitSeq(rest, "/") {
		segment, err := url.PathUnescape(escaped)
		if err != nil || segment == "." || segment == ".." {
			return nil, false
		}
		segments = append(segments, segment)
	}
	return segments, true
}
