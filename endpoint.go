package apiphant

import (
	"fmt"
	"reflect"
	"time"

	"github.com/apiphant/apiphant/internal/rule"
)

// Endpoint is all that is known of one route as it is served. Whatever lists what
// an API has (a table of routes, a contract, a page of documentation) reads it
// here: nobody needs to read tags or source a second time.
type Endpoint struct {
	Route
	Source    Source
	Signature string // of the function, in Go's syntax
	Comment   string // of the function, see [API.Comments]; "": none
	Index     int    // its place in what [API.Routes] returns: doors keep in slices what they know of each

	Methods   []string  // that its path is asked with: POST, and GET where it reads a sequence; nil: the function decides
	Addresses []Address // further ones, see [API.Address]

	Request  reflect.Type // of what the function is given; nil: nothing, or it reads the request itself
	Schema   *Schema      // of Request, with the rules of its fields; nil: Request is nil or Object
	Response reflect.Type // of what the function returns, or, where it returns a sequence, of each row; nil: the answer is {}, or the function writes it itself

	Files       bool // the request is multipart/form-data: it has a [File]
	RawRequest  bool // the function reads the request itself
	RawResponse bool // the function writes the answer itself
	Streams     bool // the answer is written to [Door.ResponseWriter] while the function runs: by the function itself, or, where RawResponse is false, row by row

	// The action's own bounds, see [Action.MaxBody], [Action.Timeout] and [Action.MaxRunning].
	MaxBody    int64         // bytes of the request's body; 0: the door's own bound
	Timeout    time.Duration // 0: that of the API; negative: none
	MaxRunning int           // 0: no bound but the door's

	// Access is what middlewares ask of who calls: "orders:create", a permission, or "a
	// user", see [Layer.Asks]. All of it is needed. nil: anyone may call.
	Access []string

	handler  Handler
	failures []error                     // of middlewares
	files    map[string]bool             // the fields of the request that are files
	takes    func(parameter string) bool // nil: all
}

// Schema is what a Go type is in a request's JSON, with the rules of the fields as
// data, in JSON Schema's words. It must not be changed.
type Schema = rule.Schema

// Source is where a function is declared.
type Source struct {
	Function string // "myproduct/api/v0/echo.Read"
	File     string // as the compiler was given it
	Line     int
}

// String returns "FUNCTION (FILE:LINE)".
func (s Source) String() string {
	if s.Function == "" {
		return "a function"
	}
	if s.File == "" {
		return s.Function
	}
	return fmt.Sprintf("%s (%s:%d)", s.Function, s.File, s.Line)
}

// isSequence reports whether the function returns a sequence of rows.
func (e *Endpoint) isSequence() bool { return e.Streams && !e.RawResponse }

// takesGet reports whether the path of the route is asked with GET, too: an
// EventSource has no other method. The query then has what a body would have.
func (e *Endpoint) takesGet() bool { return e.isSequence() && e.Action == "read" }
