package apiphant

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"
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
// A pattern without a method is a resource, and route is then a version and a target
// alone: "/orders/{id}" and "v0/orders" give each action that the target has its
// addresses, see package rest.
//
// What the path has in place of {name}, percent-decoded once, and what the query
// has, are fields of the function's request: their text becomes what the type of
// the field is. A form (application/x-www-form-urlencoded) in place of a JSON body
// counts as a query does. A field of the path comes before one of the query, and that
// before one of the body. A function that reads the request itself has them as
// [http.Request.PathValue] and in its URL.
//
// Without a StatusCode of its own, an answer of create has the status 201, and an
// answer {} of delete is 204, without a body. The answer to a GET has an ETag.
//
// [API.Check] returns what is wrong with an address.
func (a *API) Address(pattern, route string) {
	source := Source{Function: "API.Address"}
	_, source.File, source.Line, _ = runtime.Caller(1)
	a.AddressFrom(source, pattern, route)
}

// AddressFrom is Address for a caller that has the address from elsewhere, as package
// rest has: errors name source.
func (a *API) AddressFrom(source Source, pattern, route string) {
	a.addresses = append(a.addresses, declaredAddress{pattern, route, source})
}

// declaredAddress is an address as it was given.
type declaredAddress struct {
	pattern, route string
	source         Source
}

// compileAddresses fills the patterns and the Addresses of the endpoints.
func (a *API) compileAddresses() (errs []error) {
	known := knownPatterns{mux: http.NewServeMux(), routes: map[string]string{}}
	for _, declared := range a.addresses {
		for _, one := range a.expand(declared) {
			if err := a.compileAddress(known, one); err != nil {
				what := fmt.Sprintf("address %q of %q", declared.pattern, declared.route)
				if one.pattern != declared.pattern {
					what += fmt.Sprintf(", as %q of %q", one.pattern, one.route)
				}
				errs = append(errs, fmt.Errorf("%s: %s: %w", declared.source, what, err))
			}
		}
	}
	return errs
}

// knownPatterns are those that were registered. The mux knows which are wrong, and which
// conflict.
type knownPatterns struct {
	mux    *http.ServeMux
	routes map[string]string // by pattern
}

func (a *API) compileAddress(known knownPatterns, declared declaredAddress) error {
	if err := known.add(declared.pattern, declared.route); err != nil {
		return err
	}
	endpoint := a.endpoints[PathPrefix+"/"+declared.route]
	if endpoint == nil {
		return fmt.Errorf("there is no route %q: want a version, a target and an action, such as v0/orders/read", declared.route)
	}
	method, path, _ := strings.Cut(declared.pattern, " ")
	address := Address{Method: method, Pattern: strings.TrimLeft(path, " \t")}
	endpoint.Addresses = append(endpoint.Addresses, address)
	return endpoint.checkParameters(a.patterns.add(address, endpoint))
}

// expand returns the addresses of a resource: one or two for each action that its target
// has. Anything but a resource is returned as it is.
func (a *API) expand(declared declaredAddress) []declaredAddress {
	if !strings.HasPrefix(declared.pattern, "/") {
		return []declaredAddress{declared}
	}
	at := strings.LastIndexByte(declared.pattern, '/')
	all, one := cmp.Or(declared.pattern[:at], "/{$}"), declared.pattern
	var found []declaredAddress
	for _, part := range []struct{ method, pattern, action string }{
		{http.MethodPost, all, "create"},
		{http.MethodGet, all, "read"},
		{http.MethodGet, one, "read"},
		{http.MethodPatch, one, "update"},
		{http.MethodDelete, one, "delete"},
	} {
		if route := declared.route + "/" + part.action; a.endpoints[PathPrefix+"/"+route] != nil {
			found = append(found, declaredAddress{part.method + " " + part.pattern, route, declared.source})
		}
	}
	if len(found) == 0 || !isParameter(declared.pattern[at+1:]) {
		return []declaredAddress{declared} // which is refused
	}
	return found
}

// isParameter reports whether a segment of a pattern is {name}.
func isParameter(segment string) bool {
	return strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") && !strings.HasSuffix(segment, "...}") && segment != "{$}"
}

// checkParameters returns an error if no field of the request can take a parameter of the
// path.
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

// add registers a pattern of a route.
func (k knownPatterns) add(pattern, route string) error {
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.TrimLeft(path, " \t")
	switch {
	case strings.HasPrefix(method, "/") && !isParameter(method[strings.LastIndexByte(method, '/')+1:]):
		return errors.New(`want a method and a path, such as "GET /orders/{id}"; or a resource, which is a path that ends with {name}: "/orders/{id}" of "v0/orders"`)
	case strings.HasPrefix(method, "/"):
		return fmt.Errorf("there is no target %q with an action: want a version and a target, such as v0/orders", route)
	case path == "":
		return errors.New(`want a method and a path, such as "GET /orders/{id}"`)
	case path[0] != '/':
		return errors.New("a pattern has no host: want a path that begins with /")
	case method != strings.ToUpper(method):
		return fmt.Errorf("methods are written in capital letters: want %s", strings.ToUpper(method))
	case method == http.MethodOptions, method == http.MethodTrace, method == http.MethodConnect:
		return fmt.Errorf("no function is asked with %s", method)
	case belowVersion.MatchString(path):
		return fmt.Errorf("paths below %s/vN are those of routes", PathPrefix)
	}
	if other, ok := k.routes[pattern]; ok {
		return fmt.Errorf("it conflicts with %q, which is that of %q already", pattern, other)
	}
	if err := k.register(pattern); err != nil {
		return err
	}
	k.routes[pattern] = route
	return nil
}

// register returns an error where the mux panics.
func (k knownPatterns) register(pattern string) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = errors.New(registeredAt.ReplaceAllString(fmt.Sprint(value), ""))
		}
	}()
	k.mux.Handle(pattern, http.NotFoundHandler())
	return nil
}

var belowVersion = regexp.MustCompile(`^/api/(v[0-9]+(/|$)|\{)`)
