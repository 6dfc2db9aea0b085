package server_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/apiphant/apiphant"
)

// keeper keeps what functions are given: what each of it was then, and how to
// tell what it is now. Calls come one after the other.
type keeper struct {
	then []string
	now  []func() string
}

func (k *keeper) keep(now func() string) {
	k.then, k.now = append(k.then, string([]byte(now()))), append(k.now, now)
}

func (k *keeper) api() *apiphant.API {
	api := &apiphant.API{}
	api.Use("", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			return next(context.WithValue(ctx, keeperKey{}, []string{
				call.Method(), call.Header("x-some"), call.Header("Host"), call.RequestID(), call.RemoteAddr().String(),
			}), call)
		}
	})
	api.Handle("v0/keep", apiphant.Actions{
		Read: apiphant.Func(func(ctx context.Context, request apiphant.Object) (any, error) {
			k.keep(func() string { return fmt.Sprint(request, ctx.Value(keeperKey{})) })
			return request, nil
		}),
		Create: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			k.keep(func() string {
				return fmt.Sprint(r.Method, r.URL, r.Host, r.RequestURI, r.Header, r.Cookies(), r.RemoteAddr, r.Proto, r.Context().Value(keeperKey{}))
			})
		}),
	})
	return api
}

type keeperKey struct{}
