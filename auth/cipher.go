package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/apiphant/apiphant/internal/keyset"
)

// Cipher encrypts what must be stored readable, such as the token of another service, with
// AES-256-GCM. Its keys are those for A256GCM of a JWK Set: "apiphant keys new --kind
// A256GCM FILE" makes one. The first one encrypts, all of them decrypt. Its methods may be
// called concurrently. One key may encrypt 2³² texts.
type Cipher struct {
	Keys Keys // zero: those of APIPHANT_TOKEN_KEYS
}

// ErrCiphertext is the error of [Cipher.Decrypt] for a text that was changed, cut, made
// with other associated data, or with a key that is not there any more.
var ErrCiphertext = errors.New("the text can't be decrypted: it was changed, belongs elsewhere, or its key is not there any more")

// Encrypt returns "KID.BASE64URL". associated is not in the result; Decrypt wants the same.
// What the text belongs to, such as the id of its record, keeps a text from being read in
// another's place.
func (c Cipher) Encrypt(plain, associated []byte) (string, error) {
	set, err := c.Keys.get()
	if err != nil {
		return "", err
	}
	key, err := set.Encrypting()
	if err != nil {
		return "", err
	}
	seal, err := sealer(key)
	if err != nil {
		return "", err
	}
	return key.ID + "." + base64.RawURLEncoding.EncodeToString(seal.Seal(nil, nil, plain, associated)), nil
}

// Decrypt returns what Encrypt was given, or [ErrCiphertext].
func (c Cipher) Decrypt(text string, associated []byte) ([]byte, error) {
	set, err := c.Keys.get()
	if err != nil {
		return nil, err
	}
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 {
		return nil, ErrCiphertext
	}
	key := set.Find(text[:dot])
	if key == nil || key.Algorithm != keyset.A256GCM {
		return nil, ErrCiphertext
	}
	sealed, err := decodeBase64(text[dot+1:])
	if err != nil {
		return nil, ErrCiphertext
	}
	open, err := sealer(key)
	if err != nil {
		return nil, err
	}
	plain, err := open.Open(nil, nil, sealed, associated)
	if err != nil {
		return nil, ErrCiphertext
	}
	return plain, nil
}

// sealer returns AES-GCM with a random nonce in front of what it seals.
func sealer(key *keyset.Key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key.Secret())
	if err != nil {
		return nil, fmt.Errorf("the key %s: %w", key.ID, err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
