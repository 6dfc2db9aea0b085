package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/keyset"
)

// The defaults of [Tokens].
const (
	DefaultExpiry = 300 * time.Second
	DefaultLeeway = 60 * time.Second
)

// accessToken is the typ of the tokens that [Bearer] takes: RFC 9068. A token of another
// kind, such as one that only gets new tokens, is none.
const accessToken = "at+jwt"

// Tokens issues and verifies signed access tokens (JWT, RFC 7519 and RFC 9068). It is a
// [Verifier]. Its methods may be called concurrently.
//
// A token has the claims sub (the user's ID), iss, aud, exp, iat, jti and permissions, and
// those of [User.Claims].
type Tokens struct {
	Issuer   string        // who issues tokens; required
	Audience string        // who they are for; required
	Expiry   time.Duration // how long a token is valid; 0: DefaultExpiry
	Leeway   time.Duration // how far clocks may differ; 0: DefaultLeeway; negative: not at all
	Keys     Keys          // zero: those of APIPHANT_TOKEN_KEYS
}

// Check returns why no token can be issued or verified, if that is so. [Bearer] calls it
// when the program starts.
func (t Tokens) Check() error {
	set, err := t.keys()
	if err != nil {
		return err
	}
	for _, key := range set.Keys() {
		if method(&key) != nil {
			return nil
		}
	}
	return errors.New("no key of the JWK Set is for signatures")
}

func (t Tokens) keys() (*keyset.Set, error) {
	if t.Issuer == "" || t.Audience == "" {
		return nil, errors.New("auth.Tokens wants an Issuer and an Audience")
	}
	return t.Keys.get()
}

// Issue returns a new token for a user. Claims of the user that Tokens sets itself are
// replaced.
func (t Tokens) Issue(_ context.Context, user User) (string, error) {
	if user.ID == "" {
		return "", errors.New("a token is for a user with an ID")
	}
	set, err := t.keys()
	if err != nil {
		return "", err
	}
	key, err := set.Signing()
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims := jwt.MapClaims{}
	for name, value := range user.Claims {
		claims[name] = value
	}
	claims["sub"], claims["iss"], claims["aud"] = user.ID, t.Issuer, t.Audience
	claims["iat"], claims["exp"] = now.Unix(), now.Add(cmp.Or(t.Expiry, DefaultExpiry)).Unix()
	claims["jti"] = rand.Text()
	delete(claims, "nbf")
	delete(claims, "permissions")
	if len(user.Permissions) > 0 {
		claims["permissions"] = user.Permissions
	}
	token := jwt.NewWithClaims(method(key), claims)
	token.Header["typ"], token.Header["kid"] = accessToken, key.ID
	return token.SignedString(key.Private())
}

// Verify returns the user of a token, or an error that is a [*TokenError].
func (t Tokens) Verify(_ context.Context, token string) (User, error) {
	set, err := t.keys()
	if err != nil {
		return User{}, err
	}
	head, claims, err := parse(token)
	if err != nil {
		return User{}, err
	}
	if head.typ != accessToken {
		return User{}, &TokenError{fmt.Sprintf("its typ is %q: want %s", head.typ, accessToken)}
	}
	if err := verifySignature(token, head, set); err != nil {
		return User{}, err
	}
	if err := t.checkClaims(claims); err != nil {
		return User{}, err
	}
	return userOf(claims)
}

// method returns what signs with a key, nil for one that signs nothing.
func method(key *keyset.Key) jwt.SigningMethod {
	switch key.Algorithm {
	case keyset.HS256:
		return jwt.SigningMethodHS256
	case keyset.RS256:
		return jwt.SigningMethodRS256
	case keyset.ES256:
		return jwt.SigningMethodES256
	case keyset.EdDSA:
		return jwt.SigningMethodEdDSA
	}
	return nil
}

// userOf returns the user that claims are about.
func userOf(claims apiphant.Object) (User, error) {
	id, _ := claims["sub"].(string)
	if id == "" {
		return User{}, &TokenError{"its sub is missing"}
	}
	user := User{ID: id, Claims: claims}
	permissions, given := claims["permissions"]
	if !given {
		return user, nil
	}
	list, ok := permissions.([]any)
	for _, each := range list {
		text, isText := each.(string)
		ok = ok && isText
		user.Permissions = append(user.Permissions, text)
	}
	if !ok {
		return User{}, &TokenError{"its permissions are no list of texts"}
	}
	return user, nil
}
