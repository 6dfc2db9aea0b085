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

	"github.com/apiphant/apiphant/internal/gunzip"
	"github.com/apiphant/apiphant/internal/safely"
	"github.com/apiphant/apiphant/internal/trace"
)

const (
	requestIDHeader = "X-Request-Id"
	traceHeader     = "Traceparent"
)

// Serve is the pipeline, and the only place where an action runs. It answers one
// request of a door: with the function's response or with an error, also where the
// function panics or ends its goroutine. match is what [API.Find]
// found. ctx is the parent of the call's context, and its
// [Log] takes what goes wrong.
func (a *API) Serve(ctx context.Context, match Match, door Door) {
	call := a.newCall(ctx, match, door)
	returned := false
	defer func() { // so that a panic ends nothing but this call
		defer call.end()
		if !returned {
			call.refuse(safely.Recovered(recover()))
		}
	}()
	call.serve()
	returned = true
}

func (c *Call) serve() {
	switch {
	case c.isPreflight():
		c.answerPreflight()
		return
	case c.asksMethods():
		c.answerMethods()
		return
	}
	err := c.handle()
	c.stream.close()
	switch {
	case err != nil:
		c.refuse(err)
	case c.stream != nil && c.answer == nil:
		c.stream.finish()
	case c.match.Endpoint.RawResponse && c.answer == nil: // the function wrote it
	case c.door.Started():
		c.refuse(errAnsweredTwice)
	default:
		c.send()
	}
}

// send sends the answer that the function or a middleware has given.
func (c *Call) send() {
	status := 0
	if c.answer != nil {
		status = c.answer.status
		c.describe()
	}
	if c.match.further != nil && c.match.further.rest {
		status = c.restStatus(status)
	}
	switch status = cmp.Or(status, http.StatusOK); status {
	case http.StatusNoContent, http.StatusResetContent, http.StatusNotModified:
		c.door.Answer(status, nil) // RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5
	default:
		c.door.Answer(status, c.answer.bytes())
	}
}

// errAnsweredTwice is logged where a middleware answers after the function has.
var errAnsweredTwice = errors.New("Call.Answer after the function's own answer had started")

// Refuse answers a request that a door could not read with an error, in the form of
// all other errors.
func (a *API) Refuse(ctx context.Context, door Door, err error) {
	call := a.newCall(ctx, Match{}, door)
	defer call.end()
	call.refuse(err)
}

func (a *API) newCall(ctx context.Context, match Match, door Door) *Call {
	call := &Call{match: match, door: door, strict: a.Strict, acceptGzip: a.AcceptGzip}
	call.context.parent, call.context.door = ctx, door
	call.context.id = requestID(door.Header(requestIDHeader))
	call.context.trace = trace.Parse(door.Header(traceHeader))
	a.limit(&call.context, match.Endpoint)
	door.SetHeader(requestIDHeader, call.context.id)
	call.admit(a)
	return call
}

// limit sets until when a call may run. endpoint may be nil. A stream has a time for
// its beginning, and another one for all of it.
func (a *API) limit(c *callContext, endpoint *Endpoint) {
	timeout := a.timeout(endpoint)
	switch isSequence := endpoint != nil && endpoint.isSequence(); {
	case isSequence && timeout > 0:
		c.beginBy = began(c.door).Add(timeout)
		fallthrough
	case isSequence:
		if a.StreamTimeout > 0 {
			c.deadline = began(c.door).Add(a.StreamTimeout)
		}
	case timeout > 0:
		c.deadline = began(c.door).Add(timeout)
	}
}

// began returns what the deadline of a call counts from.
func began(door Door) time.Time {
	if timed, ok := door.(Timed); ok {
		return timed.Began() // which saves a look at the clock
	}
	return time.Now()
}

func (c *Call) handle() error {
	switch c.standing {
	case misdirected:
		return c.otherHost()
	case foreignOrigin:
		return c.foreign()
	}
	if c.match.Endpoint == nil || c.match.Refused() {
		return c.refusal()
	}
	if err := c.match.Endpoint.handler(&c.context, c); err != nil {
		return err
	}
	return c.unread // which the middleware has not noticed
}

// refusal returns the error for a request that no function gets.
func (c *Call) refusal() error {
	if allow := c.match.allow(); allow != "" {
		c.door.SetHeader("Allow", allow) // RFC 9110, section 15.5.6
	}
	return &Error{Status: cmp.Or(c.match.refusal, http.StatusNotFound)}
}

// refuse answers with an error. An answer that has started is aborted in its place.
func (c *Call) refuse(err error) {
	if door, ok := c.door.(PanicCounter); ok && isPanic(err) {
		door.CountPanic()
	}
	if door, ok := c.door.(ReasonTaker); ok {
		takeReason(door, err)
	}
	c.stream.close()
	status, body := refusal(&c.context, c.path(), err)
	switch {
	case c.stream.hasStarted():
		c.stream.abort(status, body)
	case body == nil || c.door.Started():
		c.door.Abort()
	default:
		c.door.Answer(status, body)
	}
}

// takeReason hands a door the reason for an error that the client is not told.
func takeReason(door ReasonTaker, err error) {
	var broken *bodyError
	var coded *gunzip.Error
	switch {
	case errors.As(err, &broken):
		door.TakeReason(broken.Error())
	case errors.As(err, &coded):
		door.TakeReason(coded.Error())
	}
}

// path returns what the log calls the request. A path that names nothing is not
// repeated there.
func (c *Call) path() string {
	if c.match.Endpoint == nil {
		return "A request"
	}
	return c.match.Endpoint.Path()
}

func (c *Call) end() {
	if c.stream != nil {
		rows := c.stream.end()
		if door, ok := c.door.(RowCounter); ok {
			door.CountRows(rows)
		}
	}
	c.context.end()
	c.removeFiles()
	if c.answer != nil {
		c.answer.release()
		c.answer = nil
	}
}

// WriteError answers the request of a raw action with an error, as the pipeline
// does: with the same status and body, and the cause in the log. Nothing may be
// written before it.
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

// requestID returns the id that came with a request where it is valid, else a new one
// of 128 random bits.
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
