package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/auth"
	"github.com/apiphant/apiphant/internal/keyset"
)

// keys returns a set with a key of each kind, the named one in front.
func keys(t *testing.T, first string) (auth.Keys, *keyset.Set) {
	t.Helper()
	all := keyset.New(must(keyset.Generate(keyset.A256GCM)))
	for _, kind := range keyset.Algorithms() {
		if kind != first && kind != keyset.A256GCM {
			all = all.With(must(keyset.Generate(kind)))
		}
	}
	all = all.With(must(keyset.Generate(first)))
	parsed, err := auth.ParseKeys(must(all.Text()))
	if err != nil {
		t.Fatal(err)
	}
	return parsed, all
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func tokensOf(keys auth.Keys) auth.Tokens {
	return auth.Tokens{Issuer: "shop", Audience: "shop-api", Keys: keys}
}

func TestTokens(t *testing.T) {
	for _, kind := range []string{keyset.HS256, keyset.RS256, keyset.ES256, keyset.EdDSA} {
		t.Run(kind, func(t *testing.T) {
			of, _ := keys(t, kind)
			tokens := tokensOf(of)
			user := auth.User{ID: "ann", Permissions: []string{"orders:read"}, Claims: apiphant.Object{"email": "ann@example.com", "exp": 1}}
			token, err := tokens.Issue(t.Context(), user)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tokens.Verify(t.Context(), token)
			if err != nil || got.ID != "ann" || !got.May("orders:read") || got.May("orders:create") || got.Claims["email"] != "ann@example.com" {
				t.Errorf("got %+v, %v", got, err)
			}
			if head := headerOf(t, token); head["alg"] != kind || head["typ"] != "at+jwt" || head["kid"] == nil {
				t.Errorf("the header is %v", head)
			}
		})
	}
}

func headerOf(t *testing.T, token string) (head map[string]any) {
	t.Helper()
	text, _, _ := strings.Cut(token, ".")
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(text)), &head); err != nil {
		t.Fatal(err)
	}
	return head
}

// forge signs claims and a header as given.
func forge(t *testing.T, method jwt.SigningMethod, key any, head, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	for name, value := range head {
		if token.Header[name] = value; value == nil {
			delete(token.Header, name)
		}
	}
	return must(token.SignedString(key))
}

// TestTokenAttacks tries what RFC 8725 lists, each with a token that is right but for one
// thing.
func TestTokenAttacks(t *testing.T) {
	of, set := keys(t, keyset.HS256)
	tokens := tokensOf(of)
	secret, rsaKey := set.Keys()[0], find(set, keyset.RS256)
	now := time.Now().Unix()
	head := func(name string, value any) map[string]any {
		all := map[string]any{"typ": "at+jwt", "kid": secret.ID}
		all[name] = value
		return all
	}
	claims := func(name string, value any) map[string]any {
		all := map[string]any{"sub": "ann", "iss": "shop", "aud": "shop-api", "exp": now + 100, "iat": now}
		if all[name] = value; value == nil {
			delete(all, name)
		}
		return all
	}
	right := claims("more", true)
	hs := func(head, claims map[string]any) string {
		return forge(t, jwt.SigningMethodHS256, secret.Private(), head, claims)
	}
	raw := func(header, payload string) string {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		return text + "." + base64.RawURLEncoding.EncodeToString(must(jwt.SigningMethodHS256.Sign(text, secret.Private())))
	}
	kidHead := `{"alg":"HS256","typ":"at+jwt","kid":"` + secret.ID + `"}`
	good := hs(head("typ", "at+jwt"), right)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(rsaKey.Public()))})
	last := good[len(good)-1]

	for name, token := range map[string]string{
		"":                         "",
		"two parts":                "a.b",
		"none":                     forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, head("typ", "at+jwt"), right),
		"none with a signature":    raw(`{"alg":"none","typ":"at+jwt","kid":"`+secret.ID+`"}`, string(must(json.Marshal(right)))),
		"NoNe":                     raw(`{"alg":"NoNe","typ":"at+jwt","kid":"`+secret.ID+`"}`, string(must(json.Marshal(right)))),
		"a public key as a secret": forge(t, jwt.SigningMethodHS256, public, head("kid", rsaKey.ID), right),
		"another algorithm":        forge(t, jwt.SigningMethodHS512, secret.Private(), head("typ", "at+jwt"), right),
		"crit":                     hs(head("crit", []string{"exp"}), right),
		"no exp":                   hs(head("typ", "at+jwt"), claims("exp", nil)),
		"an exp in quotes":         hs(head("typ", "at+jwt"), claims("exp", "99999999999")),
		"an exp far away":          hs(head("typ", "at+jwt"), claims("exp", 1e300)),
		"expired":                  hs(head("typ", "at+jwt"), claims("exp", now-61)),
		"not yet":                  hs(head("typ", "at+jwt"), claims("nbf", now+61)),
		"issued later":             hs(head("typ", "at+jwt"), claims("iat", now+61)),
		"a refresh token":          hs(head("typ", "rt+jwt"), right),
		"an ID token":              hs(head("typ", "JWT"), right),
		"no typ":                   hs(head("typ", nil), right),
		"no kid":                   hs(head("kid", nil), right),
		"another kid":              hs(head("kid", "unknown"), right),
		"the kid of another key":   hs(head("kid", rsaKey.ID), right),
		"the key that encrypts":    hs(head("kid", find(set, keyset.A256GCM).ID), right),
		"another issuer":           hs(head("typ", "at+jwt"), claims("iss", "other")),
		"no issuer":                hs(head("typ", "at+jwt"), claims("iss", nil)),
		"another audience":         hs(head("typ", "at+jwt"), claims("aud", "other")),
		"a list of audiences":      hs(head("typ", "at+jwt"), claims("aud", []any{"other", map[string]any{"shop-api": 1}})),
		"no audience":              hs(head("typ", "at+jwt"), claims("aud", nil)),
		"no sub":                   hs(head("typ", "at+jwt"), claims("sub", nil)),
		"permissions in one text":  hs(head("typ", "at+jwt"), claims("permissions", "*:*")),
		"a claim twice":            raw(kidHead, `{"sub":"ann","sub":"bob","iss":"shop","aud":"shop-api","exp":99999999999}`),
		"a header twice":           raw(`{"alg":"HS256","alg":"none","typ":"at+jwt","kid":"`+secret.ID+`"}`, string(must(json.Marshal(right)))),
		"a list":                   raw(kidHead, `["sub"]`),
		"a changed payload":        strings.Replace(good, ".", ".e30", 1),
		"a changed signature":      good[:len(good)-4] + "AAAA",
		"other bits at the end":    good[:len(good)-1] + string(last+1), // which means the same bytes, leniently read
		"padding":                  good + "=",
		"a line break":             good + "\n",
		"no signature":             good[:strings.LastIndexByte(good, '.')+1],
		"too long":                 good + strings.Repeat("A", 20_000),
	} {
		_, err := tokens.Verify(t.Context(), token)
		var invalid *auth.TokenError
		if !errors.As(err, &invalid) {
			t.Errorf("%s: got %v, want a TokenError", name, err)
		}
	}
	for name, token := range map[string]string{
		"good":                       good,
		"within the leeway":          hs(head("typ", "at+jwt"), claims("exp", now-50)),
		"application/":               hs(head("typ", "application/at+jwt"), right),
		"upper case":                 hs(head("typ", "AT+JWT"), right),
		"one of several audiences":   hs(head("typ", "at+jwt"), claims("aud", []any{"other", "shop-api"})),
		"a time with a fraction":     hs(head("typ", "at+jwt"), claims("exp", float64(now)+0.5)),
		"nested claims of all kinds": hs(head("typ", "at+jwt"), claims("more", map[string]any{"a": []any{nil, 1, "x"}})),
	} {
		if user, err := tokens.Verify(t.Context(), token); err != nil || user.ID != "ann" {
			t.Errorf("%s: got %+v, %v", name, user, err)
		}
	}
}

func find(set *keyset.Set, algorithm string) keyset.Key {
	for _, key := range set.Keys() {
		if key.Algorithm == algorithm {
			return key
		}
	}
	panic("no key for " + algorithm)
}

// TestKeyChange puts a new key in front: what the old one has signed is valid as long as
// the old key is there.
func TestKeyChange(t *testing.T) {
	first := keyset.New(must(keyset.Generate(keyset.HS256)))
	both := first.With(must(keyset.Generate(keyset.ES256)))
	last := keyset.New(both.Keys()[0])
	verify := func(set *keyset.Set, token string) error {
		_, err := tokensOf(must(auth.ParseKeys(must(set.Text())))).Verify(t.Context(), token)
		return err
	}
	issue := func(set *keyset.Set) string {
		return must(tokensOf(must(auth.ParseKeys(must(set.Text())))).Issue(t.Context(), auth.User{ID: "ann"}))
	}
	old, young := issue(first), issue(both)
	if verify(both, old) != nil || verify(both, young) != nil || verify(last, young) != nil || verify(last, old) == nil || verify(first, young) == nil {
		t.Error("a token is valid if and only if its key is there")
	}
}

func TestParseKeys(t *testing.T) {
	short := base64.RawURLEncoding.EncodeToString(make([]byte, 31))
	long := base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	n := base64.RawURLEncoding.EncodeToString(small.N.Bytes())
	curve := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	x, y := base64.RawURLEncoding.EncodeToString(curve.X.FillBytes(make([]byte, 48))), base64.RawURLEncoding.EncodeToString(curve.Y.FillBytes(make([]byte, 48)))
	for text, want := range map[string]string{
		``:                                   "want a JWK Set",
		`{"kty":"oct"}`:                      "want a JWK Set",
		`{"keys":[]}`:                        "has no key",
		`{"keys":[{"kty":"oct","kid":"a"}]}`: "key 1",
		`{"keys":[{"kty":"oct","kid":"a","k":"` + short + `"}]}`:                                           "31 bytes",
		`{"keys":[{"kty":"oct","k":"` + long + `"}]}`:                                                      "kid",
		`{"keys":[{"kty":"oct","kid":"a b","k":"` + long + `"}]}`:                                          "kid",
		`{"keys":[{"kty":"oct","kid":"a","alg":"RS256","k":"` + long + `"}]}`:                              "for HS256",
		`{"keys":[{"kty":"oct","kid":"a","use":"enc","alg":"HS256","k":"` + long + `"}]}`:                  `"sig"`,
		`{"keys":[{"kty":"RSA","kid":"a","n":"` + n + `","e":"AQAB"}]}`:                                    "1024 bits",
		`{"keys":[{"kty":"EC","kid":"a","crv":"P-384","x":"` + x + `","y":"` + y + `"}]}`:                  "P-256",
		`{"keys":[{"kty":"oct","kid":"a","k":"` + long + `"},{"kty":"oct","kid":"a","k":"` + long + `"}]}`: "two keys",
		`{"keys":[{"kty":"secret-kind-` + long + `","kid":"a"}]}`:                                          "key 1",
	} {
		_, err := auth.ParseKeys([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want an error with %q", text, err, want)
		} else if strings.Contains(err.Error(), long) || strings.Contains(err.Error(), "secret-kind") {
			t.Errorf("%.60s: the error repeats the key: %v", text, err)
		}
	}
	if _, err := auth.ParseKeys([]byte(`{"keys":[{"kty":"oct","kid":"a","k":"` + long + `"}]}`)); err != nil {
		t.Error(err)
	}
}
