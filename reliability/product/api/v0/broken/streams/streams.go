// Package streams panics in the middle of an answer.
package streams

import (
	"io"
	"net/http"
)

// Create panics in a chunked answer that has begun to go out.
func Create(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	panic("reliability: chunked answer")
}

// Read panics in an answer whose length was declared.
func Read(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	panic("reliability: declared answer")
}

// Update panics after something was written, of which nothing may have gone out.
func Update(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	panic("reliability: buffered answer")
}

// Delete ends the answer as net/http's handlers do.
func Delete(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
