package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"
)

// The cost of hashes that [HashPassword] makes, as OWASP recommends: some 50 ms.
const (
	hashMemory      = 19 << 10 // KiB
	hashIterations  = 2
	hashParallelism = 1
	hashSalt        = 16 // bytes
	hashKey         = 32 // bytes
)

// What a stored hash may cost at most, since it may come from elsewhere.
const (
	maxHashMemory      = 64 << 10 // KiB
	maxHashIterations  = 10
	maxHashParallelism = 4
	maxHashText        = 512 // bytes
)

// MaxPassword is how long a password may be, in bytes.
const MaxPassword = 1024

// ErrPasswordLength is the error of [HashPassword] for a password that is empty or longer
// than MaxPassword.
var ErrPasswordLength = fmt.Errorf("a password has 1 to %d bytes", MaxPassword)

// ErrHash is the error of [CheckPassword] for a hash that it does not know, or that would
// cost too much. Its text repeats nothing of the hash.
var ErrHash = errors.New("the stored hash of the password is of no kind that is known, or costs too much")

// hashing bounds the hashes that are computed at the same time: half of the processors, so
// that other calls have the rest, and some 150 MiB.
var hashing = newBudget(runtime.GOMAXPROCS(0))

// budget is a bound of memory, in KiB, and by that of processors.
type budget struct {
	*semaphore.Weighted
	share int64 // what each hash takes at least
}

func newBudget(processors int) *budget {
	slots := min(max(1, processors/2), 8)
	all := int64(max(maxHashMemory, slots*hashMemory))
	return &budget{semaphore.NewWeighted(all), all / int64(slots)}
}

// take waits for its turn, at most until ctx ends.
func (b *budget) take(ctx context.Context, memory int64) (release func(), err error) {
	memory = max(memory, b.share)
	if err := b.Acquire(ctx, memory); err != nil {
		return nil, err
	}
	return func() { b.Release(memory) }, nil
}

// HashPassword returns the hash of a password by argon2id, in the usual text form
// ("$argon2id$v=19$m=19456,t=2,p=1$…"). It waits while as many hashes are being computed as
// the machine has room for. An error is ErrPasswordLength, or that of ctx.
func HashPassword(ctx context.Context, password string) (string, error) {
	if password == "" || len(password) > MaxPassword {
		return "", ErrPasswordLength
	}
	release, err := hashing.take(ctx, hashMemory)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(password, &argon2id.Params{Memory: hashMemory, Iterations: hashIterations,
		Parallelism: hashParallelism, SaltLength: hashSalt, KeyLength: hashKey})
}

// CheckPassword reports whether a password has a hash. renew means that the hash should be
// replaced by a new one of [HashPassword]: it is weaker, or of another kind. It knows
// argon2id, and the pbkdf2_sha256 of Django and Pyverless.
//
// For a user that does not exist, call it with the hash "": it takes as long as for one
// that exists, and returns false. An error is ErrHash, or that of ctx.
func CheckPassword(ctx context.Context, hash, password string) (ok, renew bool, err error) {
	switch {
	case len(hash) > maxHashText:
		return false, false, ErrHash
	case hash == "", len(password) > MaxPassword:
		_, err := HashPassword(ctx, "for the time that it takes")
		return false, false, err
	case strings.HasPrefix(hash, pbkdf2Prefix):
		return checkPBKDF2(ctx, hash, password)
	}
	stored, salt, key, err := argon2id.DecodeHash(hash)
	if err != nil || !isAffordable(stored) || len(salt) == 0 || len(key) < hashKey/2 {
		return false, false, ErrHash
	}
	release, err := hashing.take(ctx, int64(stored.Memory))
	if err != nil {
		return false, false, err
	}
	defer release()
	if ok, _, err = argon2id.CheckHash(password, hash); err != nil {
		return false, false, ErrHash
	}
	return ok, ok && isWeak(stored), nil
}

// isAffordable reports whether a hash costs what is allowed. argon2 panics where there are
// no iterations or no parallelism.
func isAffordable(p *argon2id.Params) bool {
	return p.Memory <= maxHashMemory && 1 <= p.Iterations && p.Iterations <= maxHashIterations &&
		1 <= p.Parallelism && p.Parallelism <= maxHashParallelism
}

// isWeak reports whether a new hash would be stronger.
func isWeak(p *argon2id.Params) bool {
	return uint64(p.Memory)*uint64(p.Iterations) < hashMemory*hashIterations || p.SaltLength < hashSalt || p.KeyLength < hashKey
}
