// Package api is the product that the measuring programs serve: functions that
// are slow, ignore their context, panic and answer much on demand.
package api

import (
	"context"

	"github.com/apiphant/apiphant"
)

// Middleware panics if the request asks for it, before or after the function.
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
