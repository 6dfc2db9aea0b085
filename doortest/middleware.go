package doortest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
)

type trailKey struct{}

// trail returns a middleware that adds its name to a list in the context, and sets
// a header of the answer to the list.
func trail(name string) func(apiphant.Handler) apiphant.Handler {
	return func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			before, _ := ctx.Value(trailKey{}).(string)
			passed := strings.TrimSpace(before + " " + name)
			call.SetHeader("X-Trail", passed)
			return next(context.WithValue(ctx, trailKey{}, passed), call)
		}
	}
}

// addMiddleware adds targets below v2, each with its middleware.
func addMiddleware(api *apiphant.API, read func(string, apiphant.Action)) {
	api.Use("v2/trail/inner", trail("inner")) // the order of the paths counts, not this one
	api.Use("v2", trail("version"))
	api.Use("", trail("api"))
	api.Use("v2/trail", trail("target-1"))
	api.Use("v2/trail", trail("target-2"))

	passed := apiphant.Func(func(ctx context.Context, _ apiphant.Object) (apiphant.Object, error) {
		return apiphant.Object{"trail": ctx.Value(trailKey{})}, nil
	})
	read("v2/trail", passed)
	read("v2/trail/inner", passed)
	read("v2/trailer", passed)
	read("v2/trail/error", apiphant.Proc(func(context.Context, apiphant.Object) error { return errSecret }))
	read("v2/trail/panic", apiphant.Proc(func(context.Context, apiphant.Object) error { panic("secret") }))
	read("v2/trail/raw", apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		passed, _ := r.Context().Value(trailKey{}).(string)
		_, _ = io.WriteString(w, passed)
	}))

	use := func(name string, handle func(next apiphant.Handler, ctx context.Context, call *apiphant.Call) error) {
		api.Use("v2/"+name, func(next apiphant.Handler) apiphant.Handler {
			return func(ctx context.Context, call *apiphant.Call) error { return handle(next, ctx, call) }
		})
		read("v2/"+name, apiphant.Func(echo))
	}
	api.Use("v2/hurried", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			return next(ctx, call)
		}
	})
	read("v2/hurried", apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error { <-ctx.Done(); return ctx.Err() }))
	use("guarded", func(next apiphant.Handler, ctx context.Context, call *apiphant.Call) error {
		if call.Header("authorization") != "Bearer open sesame" {
			call.SetHeader("Www-Authenticate", "Bearer")
			return &apiphant.Error{Status: http.StatusUnauthorized}
		}
		return next(ctx, call)
	})
	use("answers", func(_ apiphant.Handler, _ context.Context, call *apiphant.Call) error {
		return call.Answer(apiphant.Object{
			"route": call.Route().Path(), "method": call.Method(), "id": call.RequestID(),
			"body": string(call.Body()), "local": call.RemoteAddr().IsLoopback(), "none": call.Header("X-None"),
		})
	})
	use("answers-a-list", func(_ apiphant.Handler, _ context.Context, call *apiphant.Call) error {
		return call.Answer([]int{1})
	})
	use("answers-nothing", func(apiphant.Handler, context.Context, *apiphant.Call) error { return nil })
	use("replaces-errors", func(next apiphant.Handler, ctx context.Context, call *apiphant.Call) error {
		if err := next(ctx, call); err != nil {
			return &apiphant.Error{Status: http.StatusTeapot, Detail: "replaced", Err: err}
		}
		return nil
	})
	use("replaces-answers", func(next apiphant.Handler, ctx context.Context, call *apiphant.Call) error {
		return errors.Join(next(ctx, call), call.Answer(apiphant.Object{"replaced": true}))
	})
	use("panics", func(apiphant.Handler, context.Context, *apiphant.Call) error { panic("secret") })
	api.Use("v2/looks", func(apiphant.Handler) apiphant.Handler {
		return func(_ context.Context, call *apiphant.Call) error {
			return call.Answer(apiphant.Object{"body": string(call.Body()), "again": len(call.Body())})
		}
	})
	read("v2/looks", apiphant.Func(echo).MaxBody(7))
	api.Use("v2/raw", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			if call.Method() == http.MethodDelete {
				return &apiphant.Error{Status: http.StatusForbidden, Detail: "raw ones too"}
			}
			call.SetHeader("Content-Type", "text/x-middleware")
			return next(ctx, call)
		}
	})
	read("v2/raw", apiphant.Raw(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "raw") }))
	read("v2/raw/typed", apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/x-function")
		_, _ = io.WriteString(w, "raw")
	}))
}
