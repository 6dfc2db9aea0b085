package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
)

const (
	// firstRead bounds what is allocated for a body before any of it came: what
	// a client declares costs it nothing.
	firstRead = 16 << 10

	// maxPooledBody keeps one large body from holding its memory for ever.
	maxPooledBody = 64 << 10

	// maxSkippedBody is how much of a body that nobody wanted is read, so that
	// the connection can serve the next request.
	maxSkippedBody = 8 << 10
)

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func releaseBuffer(buffer *[]byte) {
	if cap(*buffer) <= maxPooledBody {
		buffers.Put(buffer)
	}
}

// requestBody is the body of one request as it streams in. Where it did not
// come whole it ends in an error, never in io.EOF.
type requestBody struct {
	stream   io.Reader // nil: there is none to read
	conn     *conn
	declared int64 // -1: chunked
	limit    int64
	rate     bodyRate
	came     int64
	err      error // how it ended
}

// openBody makes d.body ready to be read, under a limit of bytes.
func (d *door) openBody(limit int64) *requestBody {
	d.body = requestBody{
		stream:   d.ctx.RequestBodyStream(),
		conn:     d.conn(),
		declared: int64(d.ctx.Request.Header.ContentLength()),
		limit:    limit,
		rate:     bodyRate{grace: d.server.patience.bodyGrace},
	}
	b := &d.body
	switch {
	case b.stream == nil || b.declared == 0:
		b.stream, b.declared, b.err = nil, 0, io.EOF
	case b.declared > limit:
		b.err = &http.MaxBytesError{Limit: limit}
	default:
		b.conn.rate = &b.rate
	}
	return b
}

// isOpen tells whether openBody was called for this request.
func (b *requestBody) isOpen() bool { return b.conn != nil }

func (b *requestBody) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	n, err := b.stream.Read(p)
	b.came += int64(n)
	switch {
	case b.came > b.limit:
		b.err = &http.MaxBytesError{Limit: b.limit}
		return 0, b.err
	case err != nil && b.declared < 0 && b.conn.failure != nil: // fasthttp may take it for the end
		b.err = readError(b.conn.failure)
	case err == io.EOF && b.declared >= 0 && b.came < b.declared:
		b.err = readError(io.ErrUnexpectedEOF)
	case err == io.EOF:
		b.err = io.EOF
	case err != nil:
		b.err = readError(err)
	}
	return n, b.err
}

// readAll appends the whole body to buffer.
func (b *requestBody) readAll(buffer []byte) ([]byte, error) {
	if b.declared > int64(cap(buffer)) {
		buffer = make([]byte, 0, min(b.declared, firstRead))
	}
	for b.err == nil {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, _ := b.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
	}
	if b.err == io.EOF {
		return buffer, nil
	}
	return buffer, readError(b.err)
}

// skip reads the rest of a small body that nobody wanted, where it is there or
// as good as there, and tells whether the next request can follow.
func (b *requestBody) skip() bool {
	if b.err == nil && b.declared-b.came <= maxSkippedBody {
		b.rate = bodyRate{grace: b.conn.patience.skip}
		b.limit = b.came + maxSkippedBody
		_, _ = io.Copy(io.Discard, b)
	}
	return b.err == io.EOF
}

// readError is the answer to a request that could not be read.
func readError(err error) error {
	var known *apiphant.Error
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	var large *http.MaxBytesError
	var malformed *malformed
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &malformed):
		return &apiphant.Error{Status: malformed.status}
	case errors.As(err, &large), errors.Is(err, fasthttp.ErrBodyTooLarge):
		return &apiphant.Error{Status: http.StatusRequestEntityTooLarge}
	case errors.As(err, &small):
		return &apiphant.Error{Status: http.StatusRequestHeaderFieldsTooLarge}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &apiphant.Error{Status: http.StatusRequestTimeout}
	default:
		return &apiphant.Error{Status: http.StatusBadRequest}
	}
}
