package server

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/apiphant/apiphant"
)

// errAborted is what ends a streaming answer whose function failed.
var errAborted = errors.New("the function that was writing the answer failed")

// serveRaw serves a function that writes its answer itself. It runs beside
// fasthttp's goroutine, which writes what the function streams.
func (d *door) serveRaw() {
	ctx, cancel := context.WithCancelCause(d.server.base)
	d.raw = newRawResponse(d)
	done := make(chan struct{})
	d.server.raw.run(func() {
		defer close(done)
		defer d.raw.giveUp() // of no effect after finish
		defer survive(d.server.log, "a raw call")
		d.server.API.Serve(ctx, d.match, d)
		d.raw.finish()
	})
	select {
	case <-done:
	case <-d.raw.started:
	}
	if !d.raw.Started() {
		cancel(nil)
		d.finish()
		return
	}
	d.send(&rawStream{log: d.server.log, conn: d.conn, reader: d.raw.reader, close: func() {
		cancel(apiphant.ErrClientGone) // unless the function has ended, in which case nobody sees it
		<-done
		d.finish()
	}})
}

// send hands a streaming answer to fasthttp. HTTP/1.0 has no chunks: there, an
// answer of unknown length ends with the connection.
func (d *door) send(stream *rawStream) {
	d.conn.clock = time.Now()
	if d.raw.length >= 0 || d.ctx.Request.Header.IsHTTP11() {
		d.ctx.Response.ImmediateHeaderFlush = true
		d.ctx.Response.SetBodyStream(stream, int(d.raw.length))
		return
	}
	header := &d.ctx.Response.Header
	header.SetContentLength(-2) // fasthttp's word for "until the connection ends"
	header.SetConnectionClose()
	d.ctx.HijackSetNoResponse(true)
	d.ctx.Hijack(stream.serveUntilClose(header.Header()))
}

// rawStream is the body of a streaming answer as fasthttp reads it.
type rawStream struct {
	log    *zap.Logger
	conn   *conn
	reader *io.PipeReader
	close  func()
}

func (s *rawStream) Read(p []byte) (int, error) { return s.reader.Read(p) }

// Close ends the request: whatever the function still writes is an error to it,
// and it is waited for, since the next request uses the same buffers.
func (s *rawStream) Close() error {
	_ = s.reader.Close()
	s.close()
	return nil
}

// SupportsBodyWriteTo lets fasthttp call WriteTo, see [fasthttp.BodyWriterTo].
func (s *rawStream) SupportsBodyWriteTo() bool { return true }

// streamBuffers are for what streams through this process.
var streamBuffers = sync.Pool{New: func() any { return new([maxBuffered]byte) }}

// WriteTo passes on what the function sends, as soon as it sends it.
func (s *rawStream) WriteTo(w io.Writer) (written int64, err error) {
	buffer := streamBuffers.Get().(*[maxBuffered]byte)
	defer streamBuffers.Put(buffer)
	flusher, _ := w.(interface{ Flush() error }) // what writes chunks flushes each
	for {
		n, err := s.reader.Read(buffer[:])
		s.conn.clock = time.Now() // which Write goes by, also that of the end
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		n, err = w.Write(buffer[:n])
		written += int64(n)
		if err == nil && flusher != nil {
			err = flusher.Flush()
		}
		if err != nil {
			return written, err
		}
	}
}

// serveUntilClose writes the answer itself and lets the connection end with it:
// in order, or, where the function failed or the process died, so that it can't
// be taken for whole.
func (s *rawStream) serveUntilClose(header []byte) fasthttp.HijackHandler {
	return func(hijacked net.Conn) {
		defer survive(s.log, "a streaming answer")
		defer s.Close()
		tcp, isTCP := s.conn.socket().(*net.TCPConn)
		if isTCP {
			_ = tcp.SetLinger(0) // whoever closes it now resets it, the system too
		}
		if _, err := hijacked.Write(header); err != nil {
			return
		}
		_, err := s.WriteTo(hijacked)
		switch {
		case !isTCP:
		case errors.Is(err, errAborted):
			_ = tcp.Close() // without the word by which TLS says that all was sent
		default:
			_ = tcp.SetLinger(-1)
		}
	}
}
