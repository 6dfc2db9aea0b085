package lambda

import (
	"context"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/decode"
)

type authorizerKey struct{}

// Authorizer returns what the gateway has checked of who is calling: the claims of a JWT
// or of Cognito, what a Lambda authorizer returned, or the identity of IAM. ok is false
// where the gateway has checked nothing. Nothing is taken from a header.
func Authorizer(ctx context.Context) (found apiphant.Object, ok bool) {
	raw, _ := ctx.Value(authorizerKey{}).([]byte)
	said := claims(raw)
	if jwt, isMap := said["jwt"].(map[string]any); isMap {
		said = jwt
	}
	for _, below := range []string{"claims", "lambda", "iam"} {
		if inner, isMap := said[below].(map[string]any); isMap {
			return inner, true
		}
	}
	return said, len(said) > 0
}

// claims decodes what an authorizer says of the client.
func claims(raw []byte) map[string]any {
	object, err := decode.Object(raw)
	if err != nil {
		return nil
	}
	return object
}
