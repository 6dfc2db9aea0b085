package server

import (
	"strconv"
	"sync"
	"time"

	"github.com/apiphant/apiphant"
)

// stream is the body of a response that is sent while the function writes it.
// Its framing is its length, or chunks, or, in HTTP/1.0, the end of the
// connection.
type stream struct {
	conn    *conn
	raw     *rawResponse
	chunked bool             // each write becomes a chunk
	endBody func(whole bool) // of a body without a length or chunks, which the end of the connection ends; else nil
	buffer  *[]byte          // of streamBuffers, or nil between two writes that may lie far apart
	unsent  []byte           // what the next send writes, in buffer: at first the head
	err     error            // the first error of a write, which all later writes return
}

// chunkFraming is how many bytes a chunk has beside its data, at most.
const chunkFraming = len("8000\r\n\r\n")

var streamBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, headRoom+maxBuffered+chunkFraming)
	return &b
}}

// newStream begins the response to a request that fasthttp has parsed. The length is
// that of its body, -1 where it is not known. The stream writes to the connection
// itself: fasthttp sends no response.
func newStream(d *door, length int64) *stream {
	d.server.sending.Add(1)
	s := &stream{conn: d.conn, raw: d.raw, buffer: streamBuffers.Get().(*[]byte)}
	request, header := &d.ctx.Request.Header, &d.ctx.Response.Header
	s.conn.single.written = true
	switch {
	case length >= 0:
		header.SetContentLength(int(length))
	case request.IsHTTP11():
		s.chunked = true
		header.SetContentLength(-1) // fasthttp then writes Transfer-Encoding: chunked
	default:
		header.SetContentLength(-2) // fasthttp then writes neither a length nor an encoding
		header.SetConnectionClose()
		s.endBody = s.conn.EndOfBody()
	}
	switch {
	case request.ConnectionClose():
		header.SetConnectionClose()
	case !request.IsHTTP11() && !header.ConnectionClose():
		header.Set("Connection", "keep-alive")
	}
	s.unsent = header.AppendBytes((*s.buffer)[:0])
	return s
}

// Write sends p at once.
func (s *stream) Write(p []byte) (written int, err error) {
	s.needBuffer()
	for len(p) > 0 && s.err == nil {
		part := p[:min(len(p), maxBuffered)]
		if s.chunked {
			s.unsent = append(strconv.AppendInt(s.unsent, int64(len(part)), 16), "\r\n"...)
		}
		s.unsent = append(s.unsent, part...)
		if s.chunked {
			s.unsent = append(s.unsent, "\r\n"...)
		}
		if s.send(); s.err == nil {
			written += len(part)
		}
		p = p[len(part):]
	}
	return written, s.err
}

// Flush sends the head where nothing has been written after it. A function that
// flushes is told of a drain. What it writes next may come much later, so the buffer
// is given back.
func (s *stream) Flush() error {
	s.send()
	s.freeBuffer()
	s.raw.cancelOnDrain()
	return s.err
}

func (s *stream) send() {
	if len(s.unsent) > 0 && s.err == nil {
		s.conn.SetClock(time.Now())
		if _, s.err = s.conn.Write(s.unsent); s.err != nil {
			s.raw.cancel(apiphant.ErrClientGone)
		}
	}
	s.unsent = s.unsent[:0]
}

func (s *stream) needBuffer() {
	if s.buffer == nil {
		s.buffer = streamBuffers.Get().(*[]byte)
		s.unsent = (*s.buffer)[:0]
	}
}

func (s *stream) freeBuffer() {
	if s.buffer != nil {
		streamBuffers.Put(s.buffer)
		s.buffer, s.unsent = nil, nil
	}
}

// end ends the response. Where whole is false, it closes the connection before the last
// chunk, or before all of Content-Length has been sent, so that the client sees that
// something is missing.
func (s *stream) end(whole bool) {
	if whole && s.chunked {
		s.needBuffer()
		s.unsent = append(s.unsent, "0\r\n\r\n"...)
	}
	if s.send(); s.err != nil || !whole {
		s.conn.single.closed = true
	}
	if s.endBody != nil {
		s.endBody(whole)
	}
	s.conn.server.sending.Add(-1)
	s.freeBuffer()
}
