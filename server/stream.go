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
	endBody func(whole bool) // nil: the end of the connection is not the end of the body
	buffer  *[]byte          // nil: none is needed for now
	unsent  []byte           // of buffer: the head, until something follows it
	err     error            // of all later writes
}

// chunkFraming is how many bytes a chunk has beside its data, at most.
const chunkFraming = len("8000\r\n\r\n")

var streamBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, headRoom+maxBuffered+chunkFraming)
	return &b
}}

// newStream begins the response of a request that fasthttp has passed to a
// function, whose length is -1 where it is not known. fasthttp sends nothing.
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
		header.SetContentLength(-1) // which is fasthttp's way to say: in chunks
	default:
		header.SetContentLength(-2) // until the connection ends
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

// end ends the response. One that is not whole ends with the connection, before
// its last chunk or its length.
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
