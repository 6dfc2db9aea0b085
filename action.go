package apiphant

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
)

// Action is a function of a product, made ready to be called: [Func] and the
// other adapters make one from each shape of function. The zero Action has no
// function.
//
// The types of a function are examined once, when its action is made. A function
// that can't work makes an action all the same; [API.Check] returns its error.
type Action struct {
	run       Handler
	shape     shape
	signature string
	source    Source
	bounds    bounds
	err       error
}

// Actions are the functions of a target, one for each action. A package of a
// product may export its own: func Actions() apiphant.Actions.
type Actions struct{ Create, Read, Update, Delete Action }

// shape is what the adapters know of a function.
type shape struct {
	request, response reflect.Type                // nil: raw, or none
	schema            *Schema                     // of request; nil: it has none
	takes             func(parameter string) bool // whether the request has a field for it; nil: for all
	files             map[string]bool             // the fields of request that are files; nil: none is
	rawRequest        bool                        // the function reads the request, and decides about its method
	rawResponse       bool                        // the function writes the answer
	rows              bool                        // the function returns a sequence of responses
}

// Func is func(ctx, request) (response, error): a JSON object in, a JSON object
// out. T is Object or a struct, R is Object, a struct, a pointer to one, or any.
//
// A response decides about the status and the headers of its answer where its type
// has one of these methods:
//
//	StatusCode() int       // 200 to 399; 0: 200. With 204, 205 and 304 there is no body
//	Headers() http.Header  // none that belongs to the body or the connection
//
// What they must not return makes the answer a 500; the log says why. For failures
// there is [Error].
func Func[T, R any](f func(ctx context.Context, request T) (R, error)) Action {
	decoder, encoder := decoderOf[T](), encoderOf[R]()
	run := func(ctx context.Context, call *Call) error {
		var request T
		if err := decoder.decode(call, &request); err != nil {
			return err
		}
		response, err := f(ctx, request)
		if err != nil {
			return ended(ctx, err)
		}
		return encoder.answer(call, response)
	}
	types := decoder.shape()
	types.response = reflect.TypeFor[R]()
	return newAction(f, types, run, decoder.err, checkResponse(types.response))
}

// FuncWithoutContext is func(request) (response, error).
func FuncWithoutContext[T, R any](f func(request T) (R, error)) Action {
	return Func(func(_ context.Context, request T) (R, error) { return f(request) }).of(f)
}

// Proc is func(ctx, request) error: the answer is {}.
func Proc[T any](f func(ctx context.Context, request T) error) Action {
	return Func(func(ctx context.Context, request T) (any, error) { return nil, f(ctx, request) }).answersNothing().of(f)
}

// ProcWithoutContext is func(request) error: the answer is {}.
func ProcWithoutContext[T any](f func(request T) error) Action {
	return Func(func(_ context.Context, request T) (any, error) { return nil, f(request) }).answersNothing().of(f)
}

// NoRequest is func(ctx) (response, error): nothing is asked. A body, if one comes,
// must be a JSON object all the same, and is ignored.
func NoRequest[R any](f func(ctx context.Context) (R, error)) Action {
	return Func(func(ctx context.Context, _ struct{}) (R, error) { return f(ctx) }).asksNothing().of(f)
}

// NoRequestWithoutContext is func() (response, error).
func NoRequestWithoutContext[R any](f func() (R, error)) Action {
	return Func(func(context.Context, struct{}) (R, error) { return f() }).asksNothing().of(f)
}

// RawRequest is func(ctx, r) (response, error): the function reads the request
// itself while it arrives, and decides which methods it accepts. Its response is
// sent as JSON.
func RawRequest[R any](f func(ctx context.Context, r *http.Request) (R, error)) Action {
	encoder := encoderOf[R]()
	run := func(ctx context.Context, call *Call) error {
		response, err := f(ctx, call.request(ctx))
		if err != nil {
			return ended(ctx, err)
		}
		return encoder.answer(call, response)
	}
	types := shape{response: reflect.TypeFor[R](), rawRequest: true}
	return newAction(f, types, run, checkResponse(types.response))
}

// RawResponse is func(ctx, request, w) error: a JSON object in, and the function
// writes the answer. An error that it returns before it has written anything is
// answered like any other; later, the connection is closed.
func RawResponse[T any](f func(ctx context.Context, request T, w http.ResponseWriter) error) Action {
	decoder := decoderOf[T]()
	run := func(ctx context.Context, call *Call) error {
		var request T
		if err := decoder.decode(call, &request); err != nil {
			return err
		}
		return ended(ctx, f(ctx, request, call.door.ResponseWriter()))
	}
	types := decoder.shape()
	types.rawResponse = true
	return newAction(f, types, run, decoder.err)
}

// Raw is func(w, r), the function of an [http.HandlerFunc]: it reads the request and
// writes the answer itself. With [WriteError] it answers errors as the other shapes do.
// It may take over its connection, as for WebSocket: [http.ResponseController.Hijack].
func Raw(f func(w http.ResponseWriter, r *http.Request)) Action {
	run := func(ctx context.Context, call *Call) error {
		f(call.door.ResponseWriter(), call.request(ctx))
		return nil
	}
	return newAction(f, shape{rawRequest: true, rawResponse: true}, run)
}

// Stream is func(ctx, request) iter.Seq2[R, error]: a JSON object in, and any number of
// JSON objects out, each sent while the function makes the next. T and R are as with
// [Func]; StatusCode and Headers of a row are not called.
//
// The answer is application/jsonl, an object a line, or, where the request's Accept
// asks for it, text/event-stream: then a row whose type has a method
//
//	EventID() string // no line breaks; "": none
//
// has an id, and [LastEventID] is the one that the client got last. The first row is
// sent at once, and no row is held back for more than 10 ms. The function is as fast
// as the client reads.
//
// An error is the last that a sequence gives. Before the first row it is answered like
// any other; after it, it is the last line, {"error": …}, or an event named error, and
// the connection is closed such that nobody takes the answer for whole. That is also
// what becomes of a sequence that ends after its context has ended: some rows may be
// missing.
//
// As the action Read, it is also asked with GET, which is all that an EventSource can
// do. The query then has the fields of the request, as with an [Address].
//
// The context ends when the client has gone away ([ErrClientGone]), when the server
// drains ([ErrDraining]), where no row came within [API.Timeout], and at
// [API.StreamTimeout]. From then on yield returns false, but in a drain rows are
// still sent for a second.
func Stream[T, R any](f func(ctx context.Context, request T) iter.Seq2[R, error]) Action {
	decoder, encoder := decoderOf[T](), encoderOf[R]()
	run := func(ctx context.Context, call *Call) error {
		var request T
		if err := decoder.decode(call, &request); err != nil {
			return err
		}
		answer, err := call.openStream()
		if err != nil {
			return err
		}
		rows := f(ctx, request)
		if rows == nil {
			return errNoSequence
		}
		rows(yieldTo(answer, encoder))
		return answer.ended(ctx)
	}
	types := decoder.shape()
	types.response, types.rows = reflect.TypeFor[R](), true
	return newAction(f, types, run, decoder.err, checkResponse(types.response))
}

// StreamWithoutContext is func(request) iter.Seq2[R, error].
func StreamWithoutContext[T, R any](f func(request T) iter.Seq2[R, error]) Action {
	return Stream(func(_ context.Context, request T) iter.Seq2[R, error] { return f(request) }).of(f)
}

func newAction(f any, shape shape, run Handler, errs ...error) Action {
	return Action{run: run, shape: shape, err: errors.Join(errs...)}.of(f)
}

// answersNothing returns the action of a function that has no response.
func (a Action) answersNothing() Action {
	a.shape.response = nil
	return a
}

// asksNothing returns the action of a function that has no request.
func (a Action) asksNothing() Action {
	a.shape.request, a.shape.schema = nil, nil
	return a
}

// endpoint returns what is known of the action as that of a route.
func (a Action) endpoint(route Route) *Endpoint {
	e := &Endpoint{
		Route:       route,
		Source:      a.source,
		Signature:   a.signature,
		Methods:     []string{http.MethodPost},
		Request:     a.shape.request,
		Schema:      a.shape.schema,
		Response:    a.shape.response,
		RawRequest:  a.shape.rawRequest,
		RawResponse: a.shape.rawResponse,
		Streams:     a.shape.rawResponse || a.shape.rows,
		MaxBody:     a.bounds.maxBody,
		Timeout:     a.bounds.timeout,
		MaxRunning:  a.bounds.running.size(),
		Files:       a.shape.files != nil,
		takes:       a.shape.takes,
		files:       a.shape.files,
	}
	switch {
	case a.shape.rawRequest:
		e.Methods = nil
	case e.takesGet():
		e.Methods = []string{http.MethodGet, http.MethodPost}
	}
	return e
}

// of sets the signature and the source of the action to those of f. The adapters
// that wrap f in a function of another shape need it.
func (a Action) of(f any) Action {
	value := reflect.ValueOf(f)
	a.signature = value.Type().String()
	if value.IsNil() {
		a.err = errors.Join(a.err, errors.New("the function is nil"))
		return a
	}
	if function := runtime.FuncForPC(value.Pointer()); function != nil {
		a.source.Function = function.Name()
		if name, err := url.PathUnescape(a.source.Function); err == nil { // a dot in the package's own name is %2e in it
			a.source.Function = name
		}
		a.source.File, a.source.Line = function.FileLine(function.Entry())
	}
	return a
}
