package apiphant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/apiphant/apiphant/internal/encode"
	"github.com/apiphant/apiphant/internal/safely"
)

// Error is an error that the client gets to see. Where a function or a middleware
// returns it, also wrapped, it is sent with its status:
//
//	&apiphant.Error{Status: 404, Detail: "no such order"}  →  404 {"error":"no such order"}
//	&apiphant.Error{Status: 403}                           →  403 {"error":"403 Forbidden"}
//
// Of any other error the client sees only the status 500.
type Error struct {
	Status int   // 400 to 599; anything else is sent as 500
	Detail any   // any JSON value, sent as "error"; nil: the status in words, "403 Forbidden"
	Errors []any // sent as "errors" where there is more than one
	Err    error // the cause: logged and unwrapped, never sent
}

// Error returns the status, the detail and the cause, for the log.
func (e *Error) Error() string {
	text := statusText(e.Status)
	if e.Detail != nil {
		text += fmt.Sprintf(": %v", e.Detail)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FieldError is the Detail of an [Error] about one field of a request:
//
//	{"field":"lines[1].code","state":"missing"}
//
// Explain says why, in a typed request with the rule in JSON Schema's words:
// {"minLength":1}. Such a map is the rule's own and must not be changed.
//
// State is "missing", "invalid", a word of the product's own, or, where
// [API.Strict] is set, "unknown" or "duplicate".
type FieldError struct {
	Field   string `json:"field"`
	State   string `json:"state"`
	Explain any    `json:"explain,omitempty"` // any JSON value; left out where it is nil, but see validation.Invalid(name, nil)
}

// String returns the field, its state and its explanation, for the log.
func (e FieldError) String() string {
	text := e.Field + " is " + e.State
	if e.Explain != nil {
		text += fmt.Sprintf(" (%v)", e.Explain)
	}
	return text
}

// toError is the one mapping from an error to what the client sees. It is total: an
// error that is neither an *Error nor known here is a 500. ctx is the context of the
// function that returned it.
func toError(ctx context.Context, err error) *Error {
	var known *Error
	var tooLarge *http.MaxBytesError
	switch {
	case isPanic(err): // also one with an error that could be returned
		return &Error{Status: http.StatusInternalServerError, Err: err}
	case errors.As(err, &known) && known != nil:
		if known.Status < 400 || known.Status > 599 {
			return &Error{Status: http.StatusInternalServerError, Err: &statusError{known.Status, err}}
		}
		return joinedFields(err, known)
	case lostClient(ctx, err):
		return &Error{Status: statusClientGone, Err: err}
	case ctx.Err() != nil && errors.Is(err, ctx.Err()): // the deadline, or the end of the server
		return &Error{Status: http.StatusServiceUnavailable, Err: withCause(ctx, err)}
	case errors.As(err, &tooLarge):
		return &Error{Status: http.StatusRequestEntityTooLarge, Err: err}
	default:
		return &Error{Status: http.StatusInternalServerError, Err: err}
	}
}

// statusError is logged where a function returns an [Error] with a status that is none.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	return fmt.Sprintf("an apiphant.Error has the status %d: want 400 to 599: %v", e.status, e.err)
}

func (e *statusError) Unwrap() error { return e.err }

// withCause adds to the error of a context why that has ended, for the log.
func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// ended makes the error of a function's own context a 503 or a 499, also where a
// middleware has given that context an earlier deadline than the call's.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	return toError(ctx, err)
}

// body returns the JSON object that is sent.
func (e *Error) body() ([]byte, error) {
	body := struct {
		Error  any   `json:"error"`
		Errors []any `json:"errors,omitempty"`
	}{Error: e.Detail}
	if e.Detail == nil {
		body.Error = statusText(e.Status)
	}
	if len(e.Errors) > 1 {
		body.Errors = e.Errors
	}
	return encode.Marshal(body)
}

func statusText(status int) string {
	text := http.StatusText(status)
	switch {
	case status == statusClientGone:
		text = "Client Closed Request"
	case text == "":
		return fmt.Sprint(status)
	}
	return fmt.Sprintf("%d %s", status, text)
}

// refusal returns the answer for the error that a call ended with, and logs the part
// of it that the client must not see. A nil body means that there is no answer at
// all, as [http.ErrAbortHandler] asks for.
func refusal(ctx context.Context, path string, err error) (status int, body []byte) {
	defer func() {
		if value := recover(); value != nil { // from a method of err or of its Detail
			logFailure(ctx, path, http.StatusInternalServerError, safely.Recovered(value))
			status, body = http.StatusInternalServerError, bareBody
		}
	}()
	if aborted(err) {
		return 0, nil
	}
	e := toError(ctx, err)
	body, failure := e.body()
	if failure != nil {
		e, body = &Error{Status: http.StatusInternalServerError, Err: err}, bareBody
		err = fmt.Errorf("%w: its detail can't be encoded: %w", err, failure)
	}
	if status, ok := e.Err.(*statusError); ok {
		err = status
	}
	if e.Err != nil || err != error(e) {
		logFailure(ctx, path, e.Status, err)
	}
	return e.Status, body
}

var bareBody = []byte(`{"error":"500 Internal Server Error"}`)

// logFailure logs why a call ended with a status. The text of an [Error] begins with
// the status, too, which is not repeated.
func logFailure(ctx context.Context, path string, status int, err error) {
	reason := strings.TrimPrefix(fmt.Sprint(err), fmt.Sprintf("%d ", status))
	logger, message := Log(ctx), fmt.Sprintf("%s ended with %d: %s", path, status, reason)
	var panicked *safely.Panic
	switch {
	case errors.As(err, &panicked):
		logger.Error(message, "stack", panicked.Stack)
	case status >= http.StatusInternalServerError && !errors.Is(err, ErrDraining):
		logger.Error(message)
	default:
		logger.Info(message)
	}
}

// isPanic reports whether a call ended with a panic that is a fault, or by the end
// of its goroutine.
func isPanic(err error) bool {
	_, panicked := err.(*safely.Panic)
	return (panicked || err == safely.ErrExited) && !aborted(err)
}

// aborted reports whether a call ended with the panic that asks for no answer.
func aborted(err error) bool {
	panicked, ok := err.(*safely.Panic)
	return ok && panicked.Value == http.ErrAbortHandler
}
