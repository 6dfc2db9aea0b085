package auth

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/apiphant/apiphant/internal/keyset"
)

// Keys are secrets, or pairs of private and public keys, of a JWK Set (RFC 7517). The
// first one for signatures signs, all of them verify. To change keys, put a new one in
// front, with "apiphant keys new FILE", and remove the old one when everything that it
// has signed has expired. The zero Keys are those of the setting APIPHANT_TOKEN_KEYS, or
// of the file that APIPHANT_TOKEN_KEYS_FILE names, when they are used for the first time.
type Keys struct{ set *keyset.Set }

// ParseKeys reads a JWK Set. A key is a secret for HS256 of at least 32 bytes, an RSA key
// for RS256 of 2048 to 4096 bits, one for ES256 on the curve P-256, an Ed25519 key for
// EdDSA, or, for [Cipher], a secret for A256GCM of 32 bytes. Each has a kid of its own. An
// error names the kid, and nothing of the key.
func ParseKeys(jwks []byte) (Keys, error) {
	set, err := keyset.Parse(jwks)
	return Keys{set}, err
}

const (
	keysVariable     = "APIPHANT_TOKEN_KEYS"
	keysFileVariable = "APIPHANT_TOKEN_KEYS_FILE"
)

// ErrNoKeys is the error of what needs keys where no setting has them.
var ErrNoKeys = errors.New("there are no keys: set " + keysFileVariable + " to a file with a JWK Set; \"apiphant keys new FILE\" makes one")

// get returns the keys, also those of the settings.
func (k Keys) get() (*keyset.Set, error) {
	if k.set != nil {
		return k.set, nil
	}
	return settingsKeys()
}

// settingsKeys returns the keys of the settings, which are read once.
var settingsKeys = sync.OnceValues(readSettings)

func readSettings() (*keyset.Set, error) {
	text, source := []byte(os.Getenv(keysVariable)), keysVariable
	if file := os.Getenv(keysFileVariable); file != "" {
		if len(text) > 0 {
			return nil, fmt.Errorf("both %s and %s are set: want one of them", keysVariable, keysFileVariable)
		}
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("%s: %w", keysFileVariable, err)
		}
		source = file
	}
	if len(text) == 0 {
		return nil, ErrNoKeys
	}
	set, err := keyset.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return set, nil
}
