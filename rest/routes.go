package rest

import (
	"maps"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/apiphant/apiphant"
)

// Routes are further addresses of routes: patterns of [net/http.ServeMux], with a method,
// to a version, a target and an action: "GET /foo/{foo_id}" to "v0/foo/read".
//
// A key without a method is a resource, see [Routes.Resource].
type Routes map[string]string

// Resource adds an address for each action that a target has, and returns r. pattern
// ends with a parameter, which names one record: with "/items/{id}" and "v0/items",
//
//	POST /items          v0/items/create
//	GET /items           v0/items/read
//	GET /items/{id}      v0/items/read
//	PATCH /items/{id}    v0/items/update
//	DELETE /items/{id}   v0/items/delete
//
// Of an action that the target does not have there is no address. A pattern that r has for
// another target is a conflict, which stops the start.
func (r Routes) Resource(pattern, target string) Routes {
	for other, taken := r[pattern]; taken && other != target; other, taken = r[pattern] {
		pattern += " " // Register takes it off: the API then sees both
	}
	r[pattern] = target
	return r
}

// Register adds the addresses that a function returns to an API. [apiphant.API.Check]
// returns what is wrong with them, and names the function.
func Register(api *apiphant.API, routes func() Routes) {
	source, declared := sourceOf(routes), routes()
	for _, pattern := range slices.Sorted(maps.Keys(declared)) {
		api.AddressFrom(source, strings.TrimRight(pattern, " "), declared[pattern])
	}
}

// sourceOf returns where a function stands.
func sourceOf(f func() Routes) (source apiphant.Source) {
	function := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	if function == nil {
		return source
	}
	source.Function = function.Name()
	if name, err := url.PathUnescape(source.Function); err == nil { // a dot in the package's own name is %2e in it
		source.Function = name
	}
	source.File, source.Line = function.FileLine(function.Entry())
	return source
}
