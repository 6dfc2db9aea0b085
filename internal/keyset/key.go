package keyset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"strings"
)

// The algorithms of keys, by the names of RFC 7518 and RFC 8037.
const (
	HS256   = "HS256"   // HMAC with SHA-256: who verifies can sign, too
	RS256   = "RS256"   // RSA of at least 2048 bits
	ES256   = "ES256"   // ECDSA on the curve P-256
	EdDSA   = "EdDSA"   // Ed25519
	A256GCM = "A256GCM" // AES with 256 bits: it encrypts and signs nothing
)

// Algorithms returns the algorithms that a key can have.
func Algorithms() []string { return []string{HS256, RS256, ES256, EdDSA, A256GCM} }

const (
	useSignature  = "sig"
	useEncryption = "enc"

	maxID       = 128
	secretBytes = 32   // of a key for HS256 at least (RFC 7518, 3.2), and of one for A256GCM
	rsaBits     = 2048 // at least, RFC 7518, 3.3
	rsaMaxBits  = 4096 // a larger key makes each verification dear
)

// Key is a key of a set.
type Key struct {
	ID        string // the kid
	Algorithm string // of [Algorithms]
	Use       string // "sig" or "enc"
	value     any    // []byte, or a private or public key of a package in crypto
}

// Generate makes a key for an algorithm.
func Generate(algorithm string) (Key, error) {
	key := Key{ID: newID(), Algorithm: algorithm, Use: useSignature}
	var err error
	switch algorithm {
	case HS256:
		key.value = newSecret()
	case A256GCM:
		key.value, key.Use = newSecret(), useEncryption
	case RS256:
		key.value, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case ES256:
		key.value, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, key.value, err = ed25519.GenerateKey(rand.Reader)
	default:
		return Key{}, fmt.Errorf("no kind of key is %q: want one of %s", algorithm, strings.Join(Algorithms(), ", "))
	}
	return key, err
}

func newSecret() []byte {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // it never fails
	return secret
}

func newID() string {
	id := make([]byte, 8)
	_, _ = rand.Read(id)
	return hex.EncodeToString(id)
}

// notInID reports whether a kid must not have a character: it is in tokens, and in what
// is encrypted between two points.
func notInID(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("._:-", r)
}

// check fills the algorithm and the use where the JWK says none, and returns an error if
// they do not fit the key, or if the key is weak.
func (k *Key) check() error {
	fits, weak := "", error(nil)
	switch value := k.value.(type) {
	case []byte:
		if fits = HS256; k.Algorithm == A256GCM || k.Algorithm == "" && k.Use == useEncryption {
			fits = A256GCM
		}
		weak = checkSecret(fits, len(value))
	case *rsa.PrivateKey:
		fits, weak = RS256, checkRSA(&value.PublicKey)
	case *rsa.PublicKey:
		fits, weak = RS256, checkRSA(value)
	case *ecdsa.PrivateKey:
		fits, weak = ES256, checkCurve(value.Curve)
	case *ecdsa.PublicKey:
		fits, weak = ES256, checkCurve(value.Curve)
	case ed25519.PrivateKey, ed25519.PublicKey:
		fits = EdDSA
	default:
		return fmt.Errorf("no key of type %T can be used", value)
	}
	use := useSignature
	if fits == A256GCM {
		use = useEncryption
	}
	switch {
	case weak != nil:
		return weak
	case k.Algorithm != "" && k.Algorithm != fits:
		return fmt.Errorf("the key is for %s, and its alg is %q", fits, k.Algorithm)
	case k.Use != "" && k.Use != use:
		return fmt.Errorf("the use of a key for %s is %q, not %q", fits, use, k.Use)
	}
	k.Algorithm, k.Use = fits, use
	return nil
}

func checkSecret(algorithm string, length int) error {
	switch {
	case length < secretBytes:
		return fmt.Errorf("the secret has %d bytes: want %d at least (RFC 7518, section 3.2)", length, secretBytes)
	case algorithm == A256GCM && length != secretBytes:
		return fmt.Errorf("the secret has %d bytes: want %d", length, secretBytes)
	}
	return nil
}

func checkRSA(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < rsaBits || bits > rsaMaxBits {
		return fmt.Errorf("the RSA key has %d bits: want %d to %d", bits, rsaBits, rsaMaxBits)
	}
	return nil
}

func checkCurve(curve elliptic.Curve) error {
	if curve != elliptic.P256() {
		return fmt.Errorf("the key is on the curve %s: want P-256", curve.Params().Name)
	}
	return nil
}

// IsPublic reports whether the key can verify, and not sign.
func (k *Key) IsPublic() bool {
	switch k.value.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// Secret returns the bytes of a key for HS256 or A256GCM, else nil.
func (k *Key) Secret() []byte {
	secret, _ := k.value.([]byte)
	return secret
}

// Private returns what signs: the secret, or the private key.
func (k *Key) Private() any { return k.value }

// Public returns what verifies: the secret, or the public key.
func (k *Key) Public() any {
	if signer, ok := k.value.(crypto.Signer); ok {
		return signer.Public()
	}
	return k.value
}
