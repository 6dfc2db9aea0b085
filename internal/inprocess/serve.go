// Package inprocess asks an [http.Handler] in this process, without a
// connection, as a client of net/http asks a server.
package inprocess

import (
	"context"
	"errors"
	"net/http"

	"github.com/apiphant/apiphant"
)

// ErrNoResponse is about a handler that panicked with [http.ErrAbortHandler]
// before it had sent anything: a server closes the connection then.
var ErrNoResponse = errors.New("the connection was closed without an answer")

// Serve gives a request, as a server has it, to a handler that runs in a
// goroutine of its own. Like a transport it returns when the response begins,
// and the body streams. The end of ctx, and closing a body that is not read to
// its end, means that the client has gone away: the request's context ends with
// [apiphant.ErrClientGone] as its cause. done is called when the handler has
// ended.
func Serve(ctx context.Context, handler http.Handler, r *http.Request, done func()) (*http.Response, error) {
	served, cancel := context.WithCancelCause(r.Context())
	w := newWriter(ctx, r, cancel)
	go func() {
		defer done()
		w.serve(handler, r.WithContext(served))
	}()
	select {
	case <-w.began:
		if w.response == nil {
			return nil, ErrNoResponse
		}
		return w.response, nil
	case <-ctx.Done():
		cancel(apiphant.ErrClientGone)
		return nil, ctx.Err()
	}
}

// serve runs the handler and ends the response. A panic is a server's to log: of
// another than http.ErrAbortHandler the process learns in the usual way.
func (w *writer) serve(handler http.Handler, r *http.Request) {
	defer w.cancel(nil)
	defer func() {
		value := recover()
		w.end(value == nil) // which is also where the handler ended its goroutine
		if value != nil && value != http.ErrAbortHandler {
			panic(value)
		}
	}()
	handler.ServeHTTP(w, r)
}
