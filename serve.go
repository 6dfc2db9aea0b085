package apiphant

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/apiphant/apiphant/internal/trace"
)

const (
	requestIDHeader = "X-Request-Id"
	traceHeader     = "Traceparent"
)

// Serve is the pipeline: the only place where an action runs. It answers one
// request of a door, always: with the function's response or with an error,
// also where the function panicked or ended its goroutine. endpoint is what [API.Find] found, nil
// where it found nothing. ctx is the parent of the call's context, and its
// [Log] takes what goes wrong.
func (a *API) Serve(ctx context.Context, endpoint *Endpoint, door Door) {
	call := a.newCall(ctx, endpoint, door)
	returned := false
	defer func() { // a panic ends nothing but this call
		defer call.end()
		if !returned {
			call.refuse(interruption(recover()))
		}
	}()
	call.serve()
	returned = true
}

func (c *Call) serve() {
	if c.isPreflight() {
		c.answerPreflight()
		return
	}
	switch err := c.handle(); {
	case err != nil:
		c.refuse(err)
	case c.endpoint.RawResponse && c.answer == nil: // the function wrote it
	case c.door.Started():
		c.refuse(errAnsweredTwice)
	default:
		c.door.Answer(http.StatusOK, c.answer.bytes())
	}
}

// interruption is what a call ended with that did not return: a panic with a
// value, or, where that is nil, the end of the goroutine. Of the latter, only
// what is deferred still runs: a door that was called by that goroutine has to
// defer what it does after Serve, too.
func interruption(value any) error {
	if value == nil {
		value = errExited
	}
	return newPanicError(value)
}

var errExited = errors.New("runtime.Goexit was called")

// errAnsweredTwice is about a middleware's answer that comes too late.
var errAnsweredTwice = errors.New("Call.Answer after the function's own answer had started")

// Refuse answers a request that a door could not make out with an error, in
// the form of all others.
func (a *API) Refuse(ctx context.Context, door Door, err error) {
	call := a.newCall(ctx, nil, door)
	defer call.end()
	call.refuse(err)
}

func (a *API) newCall(ctx context.Context, endpoint *Endpoint, door Door) *Call {
	call := &Call{endpoint: endpoint, door: door, strict: a.Strict}
	call.context.parent, call.context.door = ctx, door
	call.context.id = requestID(door.Header(requestIDHeader))
	call.context.trace = trace.Parse(door.Header(traceHeader))
	if timeout := cmp.Or(a.Timeout, DefaultTimeout); timeout > 0 {
		call.context.deadline = began(door).Add(timeout)
	}
	door.SetHeader(requestIDHeader, call.context.id)
	call.admit(&a.origins)
	return call
}

// timekeeper is a Door that knows when its request came, which saves a look at
// the clock.
type timekeeper interface{ Began() time.Time }

// began is what the deadline of a call counts from.
func began(door Door) time.Time {
	if door, ok := door.(timekeeper); ok {
		return door.Began()
	}
	return time.Now()
}

func (c *Call) handle() error {
	if c.standing == foreignOrigin {
		return c.foreign()
	}
	if c.endpoint == nil {
		return &Error{Status: http.StatusNotFound}
	}
	if !c.endpoint.RawRequest {
		if c.Method() != http.MethodPost {
			return &Error{Status: http.StatusNotImplemented}
		}
		body, err := c.door.Body()
		if err != nil {
			return err
		}
		c.body = body
	}
	return c.endpoint.handler(&c.context, c)
}

// refuse answers with an error, if the answer has not started; a started one is
// broken off, so that it does not look whole.
func (c *Call) refuse(err error) {
	if door, ok := c.door.(interface{ Panicked() }); ok && isPanic(err) {
		door.Panicked() // a door that counts them
	}
	status, body := refusal(&c.context, c.path(), err)
	switch {
	case body == nil || c.door.Started():
		c.door.Abort()
	default:
		c.door.Answer(status, body)
	}
}

// path is what the log calls the request; what a caller asked for in vain is
// not repeated there.
func (c *Call) path() string {
	if c.endpoint == nil {
		return "A request"
	}
	return c.endpoint.Path()
}

func (c *Call) end() {
	c.context.end()
	if c.answer != nil {
		c.answer.release()
		c.answer = nil
	}
}

// WriteError answers a raw action's request with an error, as the pipeline
// does: the same status and body, the cause in the log. It must be the first
// that is written.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	status, body := refusal(r.Context(), r.URL.Path, err)
	if body == nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Del("Content-Length")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// requestID takes over the id that came with a request, or makes one of 128 random bits.
func requestID(came string) string {
	if validRequestID(came) {
		return came
	}
	var bits [16]byte
	binary.NativeEndian.PutUint64(bits[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(bits[8:], rand.Uint64())
	var text [2 * len(bits)]byte
	hex.Encode(text[:], bits[:])
	return string(text[:])
}

func validRequestID(id string) bool {
	if len(id) < 1 || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
