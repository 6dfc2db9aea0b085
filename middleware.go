package apiphant

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Wrap returns what make returns, which is a middleware around h. make is told where that
// stands: so a middleware can do once, when the program starts, what depends on the route,
// can say there whom it lets through, and can report that it can't work.
//
//	func Middleware(next apiphant.Handler) apiphant.Handler {
//		return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
//			…
//		})
//	}
//
// To find the endpoint, Wrap calls h with an empty Call and a context of its own, which the
// endpoint and what Wrap has returned recognize. A function between them that knows nothing
// of it is called, too; Wrap recovers from its panics.
func (h Handler) Wrap(make func(layer Layer) Handler) Handler {
	layer := h.layer()
	return layer.answers(make(layer))
}

// Layer is where a middleware stands: which endpoint it is around. Its methods are for the
// function that [Handler.Wrap] calls.
type Layer struct {
	// Endpoint is what the middleware is around. It is nil where the handler belongs to no
	// [API], or a function stands between that did not call the one below: then the methods
	// do nothing.
	Endpoint *Endpoint

	of *middleware // as it was given to Use
}

// Asks notes what the middleware asks of callers, in [Endpoint.Access].
func (l Layer) Asks(access string) {
	if l.Endpoint != nil && !slices.Contains(l.Endpoint.Access, access) {
		l.Endpoint.Access = append(l.Endpoint.Access, access)
	}
}

// Fail notes why the middleware can't work: [API.Check] returns it.
func (l Layer) Fail(err error) {
	if l.Endpoint != nil {
		l.Endpoint.failures = append(l.Endpoint.failures, err)
	}
}

// Shared returns the state for a key: what make returns, once for all endpoints that the
// function given to [API.Use] is around. A middleware is made for each endpoint anew; what
// it counts for all of them is shared.
func (l Layer) Shared(key any, make func() any) any {
	if l.of == nil {
		return make()
	}
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.of.shared == nil {
		l.of.shared = map[any]any{}
	}
	if l.of.shared[key] == nil {
		l.of.shared[key] = make()
	}
	return l.of.shared[key]
}

// middleware is what [API.Use] was given.
type middleware struct {
	path string
	wrap func(next Handler) Handler

	mu     sync.Mutex
	shared map[any]any // see Layer.Shared
}

// question is the context by which a handler is asked for its layer.
type question struct {
	context.Context
	layer Layer
}

func (h Handler) layer() (found Layer) {
	ask := &question{Context: context.Background()}
	defer func() {
		_ = recover()
		found = ask.layer
	}()
	_ = h(ask, &Call{})
	return
}

// answers returns the handler with an answer to a question in front.
func (l Layer) answers(handler Handler) Handler {
	if l.Endpoint == nil || handler == nil {
		return handler
	}
	return func(ctx context.Context, call *Call) error {
		if ask, ok := ctx.(*question); ok {
			ask.layer = l
			return nil
		}
		return handler(ctx, call)
	}
}

// middlewareFailures returns what middlewares have reported, each text once: one that is
// around many endpoints has the same reason for all of them.
func (a *API) middlewareFailures() (errs []error) {
	seen := map[string]bool{}
	for _, endpoint := range a.sorted() {
		for _, err := range endpoint.failures {
			if !seen[err.Error()] {
				seen[err.Error()] = true
				errs = append(errs, fmt.Errorf("a middleware of %s: %w", endpoint, err))
			}
		}
	}
	return errs
}
