package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/apiphant/apiphant"
)

// Require returns a middleware that lets only users with a permission through. "orders"
// stands for "orders:create", "orders:read", "orders:update" or "orders:delete", by the
// action that is called; "orders:read" is that permission for each action. Where nobody
// knows who is calling, the answer is 401; a user without the permission gets 403. Neither
// depends on whether what was asked for exists.
func Require(permission string) func(apiphant.Handler) apiphant.Handler {
	return func(next apiphant.Handler) apiphant.Handler {
		return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
			if err := checkPermission(permission); err != nil {
				layer.Fail(err)
			}
			if layer.Endpoint == nil {
				return func(ctx context.Context, call *apiphant.Call) error {
					return require(ctx, call, next, needed(permission, call.Route()))
				}
			}
			needed := needed(permission, layer.Endpoint.Route)
			layer.Asks(needed)
			return func(ctx context.Context, call *apiphant.Call) error { return require(ctx, call, next, needed) }
		})
	}
}

func require(ctx context.Context, call *apiphant.Call, next apiphant.Handler, needed string) error {
	user, ok := ctx.Value(userKey{}).(*User)
	switch {
	case !ok:
		return unknown(call, nil)
	case !user.May(needed):
		return &apiphant.Error{Status: http.StatusForbidden, Err: &missingPermission{needed}}
	}
	return next(ctx, call)
}

// missingPermission is logged where a user may not do what was asked for.
type missingPermission struct{ permission string }

func (e *missingPermission) Error() string { return "the user has no permission " + e.permission }

// needed returns the permission for a route.
func needed(permission string, route apiphant.Route) string {
	if strings.Contains(permission, ":") {
		return permission
	}
	return permission + ":" + route.Action
}

func checkPermission(permission string) error {
	object, action, hasAction := strings.Cut(permission, ":")
	switch {
	case object == "", hasAction && action == "", strings.ContainsAny(permission, " \t\r\n"), strings.Contains(action, ":"):
		return fmt.Errorf(`auth.Require(%q): want "orders" or "orders:read"`, permission)
	case strings.Contains(permission, "*"):
		return errors.New("auth.Require asks for one permission: wildcards are for what a user has")
	}
	return nil
}
