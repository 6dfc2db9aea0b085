package apiphant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// bounds are the limits that an action sets for itself.
type bounds struct {
	maxBody int64         // bytes; 0: none
	timeout time.Duration // 0: none; negative: no deadline
	running *places       // nil: no bound
}

// MaxBody returns the action with a bound of its own on the bytes of the request's
// body, smaller or larger than the server's; a longer body is answered with 413:
//
//	func Actions() apiphant.Actions {
//		return apiphant.Actions{Create: apiphant.RawRequest(Create).MaxBody(5 << 30)}
//	}
func (a Action) MaxBody(bytes int64) Action {
	if bytes <= 0 {
		a.err = errors.Join(a.err, fmt.Errorf("MaxBody(%d): want at least 1 byte", bytes))
	}
	a.bounds.maxBody = bytes
	return a
}

// Timeout returns the action with a timeout of its own, in place of [API.Timeout]:
// shorter, longer, or, where timeout is negative, none. For a [Stream] it is the time
// until the first row.
//
//	func Actions() apiphant.Actions {
//		return apiphant.Actions{Read: apiphant.Func(Report).Timeout(2 * time.Minute)}
//	}
func (a Action) Timeout(timeout time.Duration) Action {
	if timeout == 0 {
		a.err = errors.Join(a.err, errors.New("Timeout(0): want a positive duration, or a negative one for no timeout"))
	}
	a.bounds.timeout = timeout
	return a
}

// MaxRunning returns the action with a bound on how many requests its function runs
// for at the same time, whatever doors they come through. A further one is answered
// with 503 and Retry-After, after the middleware. An action that is served at
// several targets has one bound for all of them.
//
//	func Actions() apiphant.Actions {
//		return apiphant.Actions{Read: apiphant.Func(Report).MaxRunning(4)}
//	}
func (a Action) MaxRunning(requests int) Action {
	if requests <= 0 {
		a.err = errors.Join(a.err, fmt.Errorf("MaxRunning(%d): want at least 1 request", requests))
	}
	a.bounds.running = &places{most: int64(requests)}
	return a
}

// timeout returns how long a call may take; negative: without a deadline.
func (a *API) timeout(endpoint *Endpoint) time.Duration {
	timeout := cmp.Or(a.Timeout, DefaultTimeout)
	if endpoint != nil {
		timeout = cmp.Or(endpoint.Timeout, timeout)
	}
	return timeout
}

// places counts the requests for which the function of an action runs.
type places struct {
	most  int64
	taken atomic.Int64
}

func (p *places) size() int {
	if p == nil {
		return 0
	}
	return int(p.most)
}

// limit returns run with p as its bound.
func (p *places) limit(run Handler) Handler {
	if p == nil {
		return run
	}
	return func(ctx context.Context, call *Call) error {
		if p.taken.Load() < p.most { // otherwise the body would be read in vain
			if err := call.read(); err != nil { // before a place is taken, so that slow clients take none
				return err
			}
		}
		if !p.take() {
			call.SetHeader("Retry-After", "1")
			return errTooManyRunning
		}
		defer p.taken.Add(-1)
		return run(ctx, call)
	}
}

// take takes a place, and reports whether there was one.
func (p *places) take() bool {
	for {
		taken := p.taken.Load()
		if taken >= p.most {
			return false
		}
		if p.taken.CompareAndSwap(taken, taken+1) {
			return true
		}
	}
}

var errTooManyRunning = &Error{Status: http.StatusServiceUnavailable}
