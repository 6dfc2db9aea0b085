package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/apiphant/apiphant"
)

// Verifier finds out whose token it is. [Tokens] and [OIDC] are verifiers. Verify may be
// called concurrently. An error that is or wraps a [*TokenError] means that the token is
// not valid; any other one means that this could not be found out.
type Verifier interface {
	Verify(ctx context.Context, token string) (User, error)
}

// checker is a Verifier that can be checked when the program starts.
type checker interface{ Check() error }

// Option changes what [Bearer] does.
type Option func(*bearer)

// Optional lets requests without a token through, without a user. A token that is not
// valid is refused all the same.
func Optional() Option { return func(b *bearer) { b.optional = true } }

// Asks of callers, in [apiphant.Endpoint.Access].
const anyUser = "a user"

type bearer struct {
	verifier Verifier
	optional bool
}

// Bearer returns a middleware that takes the user from the token in the header
// Authorization (RFC 6750): "Bearer TOKEN". Functions have the user with [Of]. Without a
// token, or with one that is not valid, the answer is 401. A verifier that can't work, such
// as [Tokens] without keys, ends the program at its start.
func Bearer(v Verifier, options ...Option) func(apiphant.Handler) apiphant.Handler {
	b := &bearer{verifier: v}
	for _, option := range options {
		option(b)
	}
	return b.middleware
}

func (b *bearer) middleware(next apiphant.Handler) apiphant.Handler {
	return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
		if b.verifier == nil {
			layer.Fail(errors.New("auth.Bearer wants a Verifier, such as auth.Tokens"))
		} else if v, ok := b.verifier.(checker); ok {
			if err := v.Check(); err != nil {
				layer.Fail(err)
			}
		}
		if !b.optional {
			layer.Asks(anyUser)
		}
		return func(ctx context.Context, call *apiphant.Call) error { return b.serve(ctx, call, next) }
	})
}

func (b *bearer) serve(ctx context.Context, call *apiphant.Call, next apiphant.Handler) error {
	scheme, token, _ := strings.Cut(call.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		if b.optional {
			return next(ctx, call)
		}
		return unknown(call, nil)
	}
	user, err := b.verifier.Verify(ctx, strings.TrimLeft(token, " "))
	var invalid *TokenError
	switch {
	case errors.As(err, &invalid):
		return unknown(call, err)
	case err != nil:
		return &apiphant.Error{Status: http.StatusServiceUnavailable, Err: err}
	}
	call.SetUser(user.ID)
	return next(With(ctx, user), call)
}

// unknown returns the error for who is not known: because there is no token, or because of
// what is wrong with it.
func unknown(call *apiphant.Call, reason error) error {
	challenge := "Bearer"
	if reason != nil {
		challenge = `Bearer error="invalid_token"` // RFC 6750, section 3.1
	}
	call.SetHeader("WWW-Authenticate", challenge)
	return &apiphant.Error{Status: http.StatusUnauthorized, Err: reason}
}
