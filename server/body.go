package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
	"github.com/apiphant/apiphant/server/internal/http1"
)

// maxSkippedBody is how much is read of a body that no function has read, so that
// the connection can have another request.
const maxSkippedBody = 8 << 10

// requestBody is the body of one request, read as it comes, within the bounds of
// size and time. One that did not come whole ends with an error and not with io.EOF.
type requestBody struct {
	from     *http1.Body
	conn     *conn
	declared int64 // bytes; -1: chunked
	limit    int64
	rate     connection.Rate
	expected bool  // the client waits for "100 Continue" before it sends the body
	came     int64 // bytes that were read
	err      error // how it ended
}

// openBody makes d.body ready to be read, up to a limit of bytes.
func (d *door) openBody(limit int64) *requestBody {
	head := &d.conn.head
	d.body = requestBody{
		from:     &d.conn.body,
		conn:     d.conn,
		declared: max(head.Length, 0),
		limit:    limit,
		rate:     connection.Rate{Grace: d.server.timeouts.bodyGrace},
	}
	b := &d.body
	switch {
	case head.Chunked:
		b.declared = -1
	case b.declared == 0:
		b.err = io.EOF
	case b.declared > limit:
		b.err = &http.MaxBytesError{Limit: limit}
	}
	if b.err == nil {
		b.expected = head.AsksToContinue()
		b.conn.LimitRate(&b.rate)
	}
	return b
}

// isOpen reports whether openBody was called for this request.
func (b *requestBody) isOpen() bool { return b.conn != nil }

func (b *requestBody) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if b.expected {
		b.expected = false
		if b.err = b.conn.door.sendContinue(); b.err != nil {
			return 0, b.err
		}
	}
	n, err := b.from.Read(p)
	b.came += int64(n)
	switch {
	case b.came > b.limit:
		b.err = &http.MaxBytesError{Limit: b.limit}
		return 0, b.err
	case err == io.EOF:
		b.err = io.EOF
	case err != nil:
		b.err = readError(err)
	}
	return n, b.err
}

// readAll returns the whole body, in a buffer that grows while it comes.
func (b *requestBody) readAll(buffer *bodyBuffer) ([]byte, error) {
	size := b.declared
	if size < 0 {
		size = b.limit + 1 // so that one byte too many is seen
	}
	content := buffer.bytes()
	for b.err == nil {
		if len(content) == cap(content) {
			var err error
			if content, err = buffer.grow(content, size); err != nil {
				return content, err
			}
		}
		n, _ := b.Read(content[len(content):cap(content)])
		content = content[:len(content)+n]
	}
	if b.err == io.EOF {
		return content, nil
	}
	return content, readError(b.err)
}

// sendContinue tells a client that waits for it to send the body: RFC 9110, 10.1.1.
// Once a response has started that can't be said any more.
func (d *door) sendContinue() (err error) {
	send := func() {
		d.conn.SetClock(time.Now())
		_, err = d.conn.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	if d.raw == nil {
		send()
	} else {
		d.raw.BeforeStart(send)
	}
	return err
}

// skip reads the rest of a small body that no function has read, where it is
// there or comes soon, and reports whether the body was read to its end. A body that
// the client was not told to send won't come.
func (b *requestBody) skip() bool {
	if b.err == nil && !b.expected && b.declared-b.came <= maxSkippedBody {
		b.rate = connection.Rate{Grace: b.conn.server.timeouts.skip}
		if !b.from.HasBegun() {
			b.rate.Grace = b.conn.server.timeouts.skipUnsent
		}
		b.limit = b.came + maxSkippedBody
		_, _ = io.Copy(io.Discard, b)
	}
	return b.err == io.EOF
}

// readError returns the error to answer for a request that could not be read.
func readError(err error) error {
	var known *apiphant.Error
	var timeout net.Error
	var large *http.MaxBytesError
	var invalid *http1.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &invalid):
		return &apiphant.Error{Status: invalid.Status}
	case errors.As(err, &large):
		return &apiphant.Error{Status: http.StatusRequestEntityTooLarge}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &apiphant.Error{Status: http.StatusRequestTimeout}
	default:
		return &apiphant.Error{Status: http.StatusBadRequest}
	}
}
