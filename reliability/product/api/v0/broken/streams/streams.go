// Package streams panics in the middle of an answer.
package streams

import (
	"io"
	"net/http"
)

// Create panics in the middle of a chunked answer.
func Create(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	panic("reliability: chunked answer")
}

// Read panics in the middle of an answer with a declared length.
func Read(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	panic("reliability: declared answer")
}

// Update panics after it has written a little, which may not have been sent yet.
func Update(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	panic("reliability: buffered answer")
}

// Delete aborts the answer by http.ErrAbortHandler.
func Delete(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
