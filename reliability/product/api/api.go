// Package api is the product that the measuring programs serve: functions that
// are slow, deaf, broken and large on demand.
package api

import (
	"context"

	"github.com/apiphant/apiphant"
)

// Middleware panics where the request says so: before the function, or after it
// has answered.
func Middleware(next apiphant.Handler) apiphant.Handler {
	return func(ctx context.Context, call *apiphant.Call) error {
		where := call.Header("X-Panic")
		if where == "before" {
			panic("reliability: middleware, before the function")
		}
		err := next(ctx, call)
		if where == "after" {
			panic("reliability: middleware, after the function")
		}
		return err
	}
}
