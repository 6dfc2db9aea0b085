package apiphant

import (
	"context"
	"fmt"
	"slices"
)

// Wrap returns what make returns, which is a middleware around h. make is told the endpoint
// that h serves: so a middleware can do once, when the program starts, what depends on the
// route, can say there whom it lets through ([Endpoint.Asks]), and can report that it can't
// work ([Endpoint.Fail]).
//
//	func Middleware(next apiphant.Handler) apiphant.Handler {
//		return next.Wrap(func(endpoint *apiphant.Endpoint) apiphant.Handler {
//			…
//		})
//	}
//
// endpoint is nil where another function stands between Wrap and the endpoint that was made
// without Wrap, and where the handler belongs to no [API]. Then Asks and Fail do nothing.
// To find the endpoint, Wrap calls h with an empty Call and a context of its own, which it
// recognizes; a function in between is called, too, and Wrap recovers from its panics.
func (h Handler) Wrap(make func(endpoint *Endpoint) Handler) Handler {
	endpoint := h.endpoint()
	return endpoint.answers(make(endpoint))
}

// question is the context by which a handler is asked for its endpoint.
type question struct {
	context.Context
	endpoint *Endpoint
}

func (h Handler) endpoint() (found *Endpoint) {
	ask := &question{Context: context.Background()}
	defer func() {
		if recover() != nil {
			found = ask.endpoint
		}
	}()
	_ = h(ask, &Call{})
	return ask.endpoint
}

// answers returns the handler with an answer to a question in front. e may be nil.
func (e *Endpoint) answers(handler Handler) Handler {
	if e == nil || handler == nil {
		return handler
	}
	return func(ctx context.Context, call *Call) error {
		if ask, ok := ctx.(*question); ok {
			ask.endpoint = e
			return nil
		}
		return handler(ctx, call)
	}
}

// Asks notes what a middleware asks of callers of the endpoint, in [Endpoint.Access]. Only
// the function that [Handler.Wrap] calls may call it.
func (e *Endpoint) Asks(access string) {
	if e != nil && !slices.Contains(e.Access, access) {
		e.Access = append(e.Access, access)
	}
}

// Fail notes why a middleware can't work: [API.Check] returns it. Only the function that
// [Handler.Wrap] calls may call it.
func (e *Endpoint) Fail(err error) {
	if e != nil {
		e.failures = append(e.failures, err)
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
