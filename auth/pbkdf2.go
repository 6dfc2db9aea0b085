package auth

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
)

// pbkdf2Prefix begins the hashes of Django and Pyverless:
// "pbkdf2_sha256$ITERATIONS$SALT$BASE64".
const pbkdf2Prefix = "pbkdf2_sha256$"

// maxPBKDF2 is how many iterations a stored hash may have: some two seconds of a
// processor. Django 6 makes 1,200,000.
const maxPBKDF2 = 5_000_000

// checkPBKDF2 is CheckPassword for such a hash, which is always to be replaced.
func checkPBKDF2(ctx context.Context, hash, password string) (ok, renew bool, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 4 || parts[2] == "" {
		return false, false, ErrHash
	}
	iterations, err := strconv.Atoi(parts[1])
	if err != nil || iterations < 1 || iterations > maxPBKDF2 {
		return false, false, ErrHash
	}
	stored, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || len(stored) != sha256.Size {
		return false, false, ErrHash
	}
	release, err := hashing.take(ctx, 0)
	if err != nil {
		return false, false, err
	}
	defer release()
	key, err := pbkdf2.Key(sha256.New, password, []byte(parts[2]), iterations, sha256.Size)
	if err != nil {
		return false, false, ErrHash
	}
	ok = subtle.ConstantTimeCompare(key, stored) == 1
	return ok, ok, nil
}
