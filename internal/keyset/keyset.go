// Package keyset reads and writes sets of keys: JWK Sets, RFC 7517. The first key of a
// set signs; all of them verify. So a new key is put in front of the others, which stay
// until all that they have signed has expired.
package keyset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// The bounds of a set.
const (
	maxBytes = 1 << 20
	maxKeys  = 100
)

// Set is a set of keys. It has at least one.
type Set struct{ keys []Key }

// Parse reads a JWK Set. Each key has a kid, which no other one has, and is of a kind
// and strength that [Algorithms] lists. Errors name the key by its kid or its position,
// and nothing of its value.
func Parse(text []byte) (*Set, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("the JWK Set has %d bytes: want at most %d", len(text), maxBytes)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	// The text of encoding/json's errors may have a part of what it reads.
	if json.Unmarshal(text, &set) != nil || set.Keys == nil {
		return nil, errors.New(`want a JWK Set (RFC 7517): {"keys":[{"kty":…}, …]}`)
	}
	switch {
	case len(set.Keys) == 0:
		return nil, errors.New("the JWK Set has no key")
	case len(set.Keys) > maxKeys:
		return nil, fmt.Errorf("the JWK Set has %d keys: want at most %d", len(set.Keys), maxKeys)
	}
	parsed := &Set{}
	for i, raw := range set.Keys {
		key, err := parseKey(raw)
		if err != nil {
			return nil, fmt.Errorf("key %d of the JWK Set: %w", i+1, err)
		}
		if parsed.Find(key.ID) != nil {
			return nil, fmt.Errorf("two keys of the JWK Set have the kid %q", key.ID)
		}
		parsed.keys = append(parsed.keys, key)
	}
	return parsed, nil
}

func parseKey(raw json.RawMessage) (Key, error) {
	var jwk jose.JSONWebKey
	err := jwk.UnmarshalJSON(raw)
	_, isSecret := jwk.Key.([]byte)
	if err != nil || !isSecret && !jwk.Valid() {
		return Key{}, errors.New("it is no key of the kind that its kty says, or of a kind that is not known")
	}
	key := Key{ID: jwk.KeyID, Algorithm: jwk.Algorithm, Use: jwk.Use, value: jwk.Key}
	if key.ID == "" || len(key.ID) > maxID || strings.ContainsFunc(key.ID, notInID) {
		return Key{}, fmt.Errorf("want a kid of 1 to %d letters, digits and . _ : -", maxID)
	}
	if err := key.check(); err != nil {
		return Key{}, fmt.Errorf("%s: %w", key.ID, err)
	}
	return key, nil
}

// New returns a set of one key.
func New(key Key) *Set { return &Set{[]Key{key}} }

// With returns the set with another key in front.
func (s *Set) With(key Key) *Set { return &Set{append([]Key{key}, s.keys...)} }

// Keys returns the keys in their order.
func (s *Set) Keys() []Key { return s.keys }

// Find returns the key with an id, or nil.
func (s *Set) Find(id string) *Key {
	for i := range s.keys {
		if s.keys[i].ID == id {
			return &s.keys[i]
		}
	}
	return nil
}

// Signing returns the first key that is for signatures. It is an error if there is none,
// or if only its public half is there.
func (s *Set) Signing() (*Key, error) {
	for i := range s.keys {
		key := &s.keys[i]
		switch {
		case key.Use == useEncryption:
		case key.IsPublic():
			return nil, fmt.Errorf("the first key, %s, is public: want a private one, which can sign", key.ID)
		default:
			return key, nil
		}
	}
	return nil, errors.New("no key of the JWK Set is for signatures")
}

// Encrypting returns the first key that is for encryption. It is an error if there is
// none.
func (s *Set) Encrypting() (*Key, error) {
	for i := range s.keys {
		if s.keys[i].Use == useEncryption {
			return &s.keys[i], nil
		}
	}
	return nil, fmt.Errorf("no key of the JWK Set is for encryption: make one with apiphant keys new --kind %s FILE", A256GCM)
}

// Text returns the set as a JWK Set with its secrets, a key a line.
func (s *Set) Text() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("{\"keys\":[")
	for i, key := range s.keys {
		if i > 0 {
			out.WriteByte(',')
		}
		one, err := jose.JSONWebKey{Key: key.value, KeyID: key.ID, Algorithm: key.Algorithm, Use: key.Use}.MarshalJSON()
		if err != nil {
			return nil, err
		}
		out.WriteByte('\n')
		out.Write(one)
	}
	out.WriteString("\n]}\n")
	return out.Bytes(), nil
}
