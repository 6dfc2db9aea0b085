package http1

import "net/http"

// Error says what is wrong with a request. After an Error it is unknown where
// the next request begins, so the connection must be closed.
type Error struct {
	Status int    // of the response: 400, 413, 431 or 505
	Reason string // for a developer; it holds nothing of the request
}

func (e *Error) Error() string { return e.Reason }

func bad(reason string) error { return &Error{http.StatusBadRequest, reason} }

// ErrHeadTooLarge is for whoever bounds the size of a head.
var ErrHeadTooLarge error = &Error{http.StatusRequestHeaderFieldsTooLarge, "head too large"}
