package auth

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/apiphant/apiphant"
)

// By is whose calls a [Limit] counts together.
type By int

// Whose calls are counted together.
const (
	ByAddress By = iota // those of one address, or, with IPv6, of one network of 64 bits
	ByUser              // those of one user; of who is not known, those of one address
	ByKey               // those with one API key; refused as long as no middleware of this package takes such keys
)

// Limit bounds how often each client may call what a middleware is around:
//
//	func Middleware(next apiphant.Handler) apiphant.Handler {
//		return auth.Limit{Rate: 10, Burst: 20}.Middleware(next)
//	}
//
// All routes below the folder of such a Middleware count together. A call too many is
// answered with 429, and with Retry-After and the IETF's fields RateLimit and
// RateLimit-Policy. Each process counts for itself.
//
// It remembers the last million clients, in 50 MB at most. A client that it has forgotten,
// under a flood of others, begins anew: nobody is refused for what others do.
type Limit struct {
	Rate  float64 // calls a second, on average; more than 0
	Burst int     // calls at once; 0: one
	By    By      // zero: ByAddress
}

// Middleware is the middleware.
func (l Limit) Middleware(next apiphant.Handler) apiphant.Handler {
	return next.Wrap(func(layer apiphant.Layer) apiphant.Handler {
		l.Burst = max(1, l.Burst)
		if err := l.check(); err != nil {
			layer.Fail(err)
			return next
		}
		shared := layer.Shared(l, func() any { return newLimiter(l, time.Now) }).(*limiter)
		return func(ctx context.Context, call *apiphant.Call) error {
			if wait := shared.take(l.client(ctx, call)); wait > 0 {
				return tooMany(call, l, wait)
			}
			return next(ctx, call)
		}
	})
}

// The bounds of a rate: with one call in a day, or a million in a second, the arithmetic in
// nanoseconds is exact enough.
const (
	minRate  = 1.0 / (24 * 60 * 60)
	maxRate  = 1e6
	maxBurst = 1e6
)

func (l Limit) check() error {
	switch {
	case !(l.Rate >= minRate && l.Rate <= maxRate):
		return fmt.Errorf("auth.Limit has the Rate %v: want calls a second, from 1 in a day to %d", l.Rate, int(maxRate))
	case l.Burst > maxBurst:
		return fmt.Errorf("auth.Limit has the Burst %d: want at most %d", l.Burst, int(maxBurst))
	case l.By == ByKey:
		return errors.New("auth.Limit has the By ByKey, and nothing takes API keys: want ByAddress or ByUser")
	case l.By != ByAddress && l.By != ByUser:
		return fmt.Errorf("auth.Limit has the By %d: want ByAddress or ByUser", l.By)
	}
	return nil
}

// seed makes what is kept of clients say nothing of them.
var seed = maphash.MakeSeed()

// client returns whose call it is, as a hash.
func (l Limit) client(ctx context.Context, call *apiphant.Call) uint64 {
	if l.By == ByUser {
		if user, ok := ctx.Value(userKey{}).(*User); ok {
			return maphash.String(seed, user.ID)
		}
	}
	return maphash.Comparable(seed, network(call.RemoteAddr()))
}

// network returns the address, or the network of 64 bits that an IPv6 address is in: a
// client has as many addresses of it as it likes.
func network(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return address
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.Addr()
}

// tooMany returns the error for a call that may come again after a while.
func tooMany(call *apiphant.Call, l Limit, wait time.Duration) error {
	seconds := strconv.Itoa(int((wait + time.Second - 1) / time.Second))
	window := strconv.Itoa(int(float64(l.Burst)/l.Rate + 1))
	call.SetHeader("Retry-After", seconds)
	call.SetHeader("RateLimit", `"default";r=0;t=`+seconds)
	call.SetHeader("RateLimit-Policy", `"default";q=`+strconv.Itoa(l.Burst)+`;w=`+window)
	return &apiphant.Error{Status: http.StatusTooManyRequests}
}
