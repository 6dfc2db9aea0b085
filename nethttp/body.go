package nethttp

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/apiphant/apiphant"
)

// Body returns the whole body. net/http's server notices that a client goes away
// only when the body was read to its end, so it is.
func (x *exchange) Body() ([]byte, error) {
	if x.request.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(x.openBody())
	if err != nil {
		return nil, readError(err)
	}
	return body, nil
}

// openBody returns the body, under its bound, until the call ends.
func (x *exchange) openBody() *body {
	limit := x.limit()
	x.body = &body{reader: http.MaxBytesReader(x.writer, x.request.Body, limit), limit: limit, declared: x.request.ContentLength}
	return x.body
}

// readError returns the answer to a request whose body could not be read.
func readError(err error) error {
	var large *http.MaxBytesError
	var timeout net.Error
	switch {
	case errors.As(err, &large):
		return &apiphant.Error{Status: http.StatusRequestEntityTooLarge}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &apiphant.Error{Status: http.StatusRequestTimeout}
	}
	return &apiphant.Error{Status: http.StatusBadRequest}
}

// body is the body of a request while its call runs; whoever keeps it reads
// nothing afterwards. One that is shorter than its Content-Length ends in an
// error, also where the server does not see to that.
type body struct {
	limit    int64 // in bytes; nothing is read of a body that declares more
	declared int64 // -1: not known

	mu     sync.Mutex
	reader io.ReadCloser
	read   int64
	ended  bool // it was read to its end
	closed bool
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.declared > b.limit {
		return 0, &http.MaxBytesError{Limit: b.limit}
	}
	n, err := b.reader.Read(p)
	b.read += int64(n)
	switch {
	case b.declared >= 0 && b.read > b.declared:
		return 0, errors.New("the body is longer than its Content-Length")
	case err == io.EOF && b.read < b.declared:
		err = io.ErrUnexpectedEOF
	case err == io.EOF:
		b.ended = true
	}
	return n, err
}

// Close makes every later Read an error. The rest of the body is the server's
// to read.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// tryClose is Close, unless another goroutine reads the body: then it reports false.
func (b *body) tryClose() bool {
	if !b.mu.TryLock() {
		return false
	}
	defer b.mu.Unlock()
	b.closed = true
	return true
}

// isRead reports whether the body was read to its end.
func (b *body) isRead() bool {
	if !b.mu.TryLock() {
		return false // it is being read
	}
	defer b.mu.Unlock()
	return b.ended
}
