package auth

import (
	"context"
	"slices"
	"strings"

	"github.com/apiphant/apiphant"
)

// User is who is calling.
type User struct {
	// ID identifies the user with its issuer: the subject of a token.
	ID string

	// Permissions are what the user may do: "orders:create", an object and an action.
	// "orders:*" is every action on orders, "*:read" is reading everything, and "*:*" is
	// everything.
	Permissions []string

	// Claims are what else is known of the user, with the values that JSON has: a number
	// is a [encoding/json.Number]. Do not change them: a token that is sent again has the
	// same ones.
	Claims apiphant.Object
}

// May reports whether the user has a permission, such as "orders:create", or a wildcard
// that includes it.
func (u User) May(permission string) bool {
	object, action, _ := strings.Cut(permission, ":")
	return slices.ContainsFunc(u.Permissions, func(has string) bool {
		itsObject, itsAction, ok := strings.Cut(has, ":")
		return has == permission || ok && (itsObject == "*" || itsObject == object) && (itsAction == "*" || itsAction == action)
	})
}

type userKey struct{}

// With returns a context in which a user is calling.
func With(ctx context.Context, user User) context.Context {
	return context.WithValue(ctx, userKey{}, &user)
}

// Of returns who is calling. It reports false if that is not known: no middleware of this
// package has found out.
func Of(ctx context.Context) (User, bool) {
	user, ok := ctx.Value(userKey{}).(*User)
	if !ok {
		return User{}, false
	}
	return *user, true
}
