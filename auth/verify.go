package auth

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/keyset"
)

// maxToken is the size of the largest token that is looked at, in bytes.
const maxToken = 16 << 10

// TokenError says why a token is not valid. Its text is for the log: a client is only told
// that the token is not valid.
type TokenError struct{ Reason string }

// Error returns "the token is not valid: " and the reason.
func (e *TokenError) Error() string { return "the token is not valid: " + e.Reason }

// header is what the header of a token (RFC 7515, 4.1) says, as far as it matters.
type header struct{ algorithm, key, typ string }

// decodeBase64 decodes base64url without padding. Of all texts that could mean the same
// bytes, it takes one alone: Go's decoder would skip line breaks.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, base64.CorruptInputError(strings.IndexAny(text, "\r\n"))
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// parse reads the header and the claims of a token, and believes nothing of them. Both are
// JSON objects without a key that comes twice, since other programs could read another one
// of the two.
func parse(token string) (head header, claims apiphant.Object, err error) {
	if len(token) > maxToken {
		return head, nil, &TokenError{fmt.Sprintf("it has %d bytes: want at most %d", len(token), maxToken)}
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return head, nil, &TokenError{fmt.Sprintf("it has %d parts: want 3", len(parts))}
	}
	fields, err := object("header", parts[0])
	if err != nil {
		return head, nil, err
	}
	if _, critical := fields["crit"]; critical {
		return head, nil, &TokenError{"its header has crit, and no extension is known"}
	}
	head.algorithm, _ = fields["alg"].(string)
	head.key, _ = fields["kid"].(string)
	head.typ, _ = fields["typ"].(string)
	head.typ = strings.TrimPrefix(strings.ToLower(head.typ), "application/") // RFC 7515, 4.1.9
	claims, err = object("payload", parts[1])
	return head, claims, err
}

// object decodes a part of a token.
func object(name, part string) (apiphant.Object, error) {
	text, err := decodeBase64(part)
	if err != nil {
		return nil, &TokenError{"its " + name + " is not base64url"}
	}
	fields, problems, err := decode.StrictObject(text)
	switch {
	case err != nil:
		return nil, &TokenError{"its " + name + " is no JSON object"}
	case len(problems) > 0:
		return nil, &TokenError{"its " + name + " has a key twice"}
	}
	return fields, nil
}

// verifySignature checks the signature with the key that the header names. What the key is
// for decides the algorithm; the header must say the same.
func verifySignature(token string, head header, set *keyset.Set) error {
	key := set.Find(head.key)
	if key == nil {
		return &TokenError{fmt.Sprintf("no key has its kid %.40q", head.key)}
	}
	method := method(key)
	if method == nil || head.algorithm != method.Alg() {
		return &TokenError{fmt.Sprintf("its alg is %.40q, and the key %s is for %s", head.algorithm, key.ID, key.Algorithm)}
	}
	dot := strings.LastIndexByte(token, '.')
	signature, err := decodeBase64(token[dot+1:])
	if err != nil {
		return &TokenError{"its signature is not base64url"}
	}
	if method.Verify(token[:dot], signature, key.Public()) != nil {
		return &TokenError{"its signature is wrong"}
	}
	return nil
}

// checkClaims checks who has issued the token, for whom, and when it is valid.
func (t Tokens) checkClaims(claims apiphant.Object) error {
	leeway := max(0, cmp.Or(t.Leeway, DefaultLeeway))
	now := time.Now()
	expires, err := moment(claims, "exp")
	if err != nil {
		return err
	}
	begins, err := moment(claims, "nbf")
	if err != nil {
		return err
	}
	issued, err := moment(claims, "iat")
	if err != nil {
		return err
	}
	switch {
	case expires.IsZero():
		return &TokenError{"its exp is missing"}
	case !now.Before(expires.Add(leeway)):
		return &TokenError{"it has expired"}
	case now.Before(begins.Add(-leeway)):
		return &TokenError{"its nbf has not come"}
	case now.Before(issued.Add(-leeway)):
		return &TokenError{"its iat has not come"}
	case claims["iss"] != t.Issuer:
		return &TokenError{"another one has issued it"}
	case !isFor(claims["aud"], t.Audience):
		return &TokenError{"it is for another audience"}
	}
	return nil
}

// latest is a time that no honest claim is after: the end of the year 9999, in seconds.
const latest = 253402300799

// moment returns the time of a claim; the zero time if it is missing.
func moment(claims apiphant.Object, name string) (time.Time, error) {
	value, given := claims[name]
	if !given {
		return time.Time{}, nil
	}
	number, ok := value.(json.Number)
	seconds, err := number.Float64() // RFC 7519: a number, with or without a fraction
	if !ok || err != nil || seconds < 0 || seconds > latest {
		return time.Time{}, &TokenError{fmt.Sprintf("its %s is no time", name)}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// isFor reports whether a claim aud, which is a text or a list of texts, has the audience.
func isFor(claim any, audience string) bool {
	if list, ok := claim.([]any); ok {
		return slices.Contains(list, any(audience))
	}
	return claim == audience
}
