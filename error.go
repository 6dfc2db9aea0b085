package apiphant

import (
	"fmt"
	"net/http"
)

// Error is an error that its caller is meant to see. Returned by a function or
// a middleware, also wrapped, it goes out with its status:
//
//	&apiphant.Error{Status: 404, Detail: "no such order"}  →  404 {"error":"no such order"}
//	&apiphant.Error{Status: 403}                           →  403 {"error":"403 Forbidden"}
//
// Any other error is a 500 of which the caller sees nothing but that.
type Error struct {
	Status int   // 400 to 599; anything else goes out as 500
	Detail any   // any JSON value; goes out as "error"; nil: the status in words, "403 Forbidden"
	Errors []any // goes out as "errors" where there is more than one
	Err    error // the cause: logged, unwrapped, never sent
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
// State is "missing", "invalid", or a word of the product's own.
type FieldError struct {
	Field   string `json:"field"`
	State   string `json:"state"`
	Explain any    `json:"explain,omitempty"` // any JSON value; left out where it is nil
}

// String returns the field, its state and its explanation, for the log.
func (e FieldError) String() string {
	text := e.Field + " is " + e.State
	if e.Explain != nil {
		text += fmt.Sprintf(" (%v)", e.Explain)
	}
	return text
}

func statusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		return fmt.Sprint(status)
	}
	return fmt.Sprintf("%d %s", status, text)
}
