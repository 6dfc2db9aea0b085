// Package api is what all of the shop's API has in common.
package api

import (
	"context"
	"net/http"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/rest"
)

// Rest has the verbs and paths of some functions, for who likes REST.
func Rest() rest.Routes {
	return rest.Routes{
		"GET /items/{id}": "v0/items/read",
		"POST /orders":    "v0/orders/create",
	}
}

// Middleware lets in who has a token, and tells the functions who that is.
func Middleware(next apiphant.Handler) apiphant.Handler {
	return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
		layer.Asks("a user") // for apiphant routes
		return func(ctx context.Context, call *apiphant.Call) error {
			user, known := tokens[call.Header("Authorization")]
			if !known {
				call.SetHeader("WWW-Authenticate", "Bearer")
				return &apiphant.Error{Status: http.StatusUnauthorized}
			}
			return next(context.WithValue(ctx, userKey{}, user), call)
		}
	})
}

type userKey struct{}

// User returns who is calling.
func User(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

// tokens stands for a real way to know people.
var tokens = map[string]string{"Bearer ann-s-token": "ann"}
