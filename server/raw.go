package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/apiphant/apiphant"
)

// maxBuffered is how much of a raw answer is kept before it begins to stream: a
// shorter one goes out with its length, and can still become an error.
const maxBuffered = 32 << 10

// errAborted is what ends a streaming answer whose function failed.
var errAborted = errors.New("the function that was writing the answer failed")

// serveRaw serves a function that writes its answer itself. It runs beside
// fasthttp's goroutine, which writes what the function streams.
func (d *door) serveRaw(endpoint *apiphant.Endpoint) {
	ctx, cancel := context.WithCancel(d.server.base)
	d.raw = &rawResponse{door: d, header: http.Header{}, length: -1, started: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.server.API.Serve(ctx, endpoint, d)
		d.raw.finish()
	}()
	select {
	case <-done:
	case <-d.raw.started:
	}
	if !d.raw.hasStarted() {
		cancel()
		d.finish()
		return
	}
	stream := &rawStream{reader: d.raw.reader, close: func() {
		cancel() // where the client went away, the function is told
		<-done
		d.finish()
	}}
	d.ctx.Response.ImmediateHeaderFlush = true
	d.ctx.Response.SetBodyStream(stream, int(d.raw.length))
}

// rawStream is the body of a streaming answer as fasthttp reads it.
type rawStream struct {
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

// rawResponse is an [http.ResponseWriter] over a response of fasthttp. Like
// net/http's, it may be used by one goroutine at a time; used after the call it
// returns an error and does no harm.
type rawResponse struct {
	door    *door
	header  http.Header
	sent    http.Header   // header as it was when the status was written
	started chan struct{} // closed once the answer streams

	mu       sync.Mutex
	status   int    // 0: not written yet
	buffer   []byte // until the answer streams
	length   int64  // of the whole body, as the function declared it; -1: not declared
	written  int64
	finished bool
	reader   *io.PipeReader
	writer   *io.PipeWriter
}

func (r *rawResponse) Header() http.Header { return r.header }

func (r *rawResponse) WriteHeader(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeHeader(status)
}

func (r *rawResponse) writeHeader(status int) {
	if r.finished || r.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	r.status, r.sent = status, r.header.Clone()
	if declared, err := strconv.ParseInt(r.sent.Get("Content-Length"), 10, 64); err == nil && declared >= 0 {
		r.length = declared
	}
}

func (r *rawResponse) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished {
		return 0, http.ErrHandlerTimeout
	}
	r.writeHeader(http.StatusOK)
	switch {
	case r.status == http.StatusNoContent || r.status == http.StatusNotModified:
		return 0, http.ErrBodyNotAllowed
	case r.length >= 0 && r.written+int64(len(p)) > r.length:
		return 0, http.ErrContentLength
	case r.door.ctx.IsHead():
		r.written += int64(len(p))
		return len(p), nil
	case r.writer == nil && len(r.buffer)+len(p) <= maxBuffered:
		r.buffer = append(r.buffer, p...)
		r.written += int64(len(p))
		return len(p), nil
	}
	r.sniff(p)
	if err := r.stream(); err != nil {
		return 0, err
	}
	n, err := r.writer.Write(p)
	r.written += int64(n)
	return n, err
}

// Flush sends what was written so far.
func (r *rawResponse) Flush() { _ = r.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (r *rawResponse) FlushError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished {
		return http.ErrHandlerTimeout
	}
	r.writeHeader(http.StatusOK)
	return r.stream()
}

// stream begins the answer, if it has not begun, with what was written so far.
func (r *rawResponse) stream() error {
	if r.writer != nil {
		return nil
	}
	r.sniff(nil)
	r.copyHeader()
	if !r.door.bodyIsRead() || r.door.server.draining.Load() {
		r.door.ctx.SetConnectionClose() // the headers are the last place to say it
	}
	r.reader, r.writer = io.Pipe()
	close(r.started)
	if len(r.buffer) == 0 {
		return nil
	}
	_, err := r.writer.Write(r.buffer)
	r.buffer = nil
	return err
}

// finish ends the answer as it stands.
func (r *rawResponse) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished {
		return
	}
	r.writeHeader(http.StatusOK)
	r.finished = true
	if r.writer != nil {
		_ = r.writer.Close()
		return
	}
	r.sniff(nil)
	r.copyHeader()
	r.door.ctx.Response.SetBody(r.buffer)
	if r.length > r.written && !r.door.ctx.IsHead() { // less than declared is never whole
		r.door.Abort()
	}
}

// discard forgets what was written: the pipeline answers in its place.
func (r *rawResponse) discard() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished = true
}

// abort breaks a streaming answer off: neither the last chunk nor the declared
// length is reached.
func (r *rawResponse) abort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished = true
	_ = r.writer.CloseWithError(errAborted)
}

func (r *rawResponse) hasStarted() bool {
	select {
	case <-r.started:
		return true
	default:
		return false
	}
}

// sniff sets the content type that the function and its middleware left out, as
// net/http does.
func (r *rawResponse) sniff(next []byte) {
	_, set := r.sent["Content-Type"]
	if set || r.writer != nil || len(r.door.ctx.Response.Header.ContentType()) > 0 {
		return
	}
	if data := append(r.buffer[:len(r.buffer):len(r.buffer)], next...); len(data) > 0 {
		r.sent.Set("Content-Type", http.DetectContentType(data))
	}
}

func (r *rawResponse) copyHeader() {
	response := &r.door.ctx.Response
	response.SetStatusCode(r.status)
	for name, values := range r.sent {
		switch name {
		case "Content-Length", "Transfer-Encoding": // said by how the body goes out
			continue
		}
		response.Header.Del(name)
		for _, value := range values {
			response.Header.Add(name, value)
		}
	}
}

// httpRequest copies the request into net/http's form; only the body is read
// from where it comes.
func (d *door) httpRequest(ctx context.Context) *http.Request {
	h := &d.ctx.Request.Header
	header := make(http.Header, h.Len())
	for name, value := range h.All() {
		header.Add(string(name), string(value))
	}
	header.Del("Host")
	header.Del("Transfer-Encoding")
	d.body = d.newRequestBody(d.server.maxUpload())
	d.rawBody = &rawBody{body: d.body}
	target := string(h.RequestURI())
	address, err := url.ParseRequestURI(target)
	if err != nil {
		address = &url.URL{Path: string(d.path())}
	}
	r := &http.Request{
		Method:        d.Method(),
		URL:           address,
		Proto:         string(h.Protocol()),
		Header:        header,
		Body:          d.rawBody,
		ContentLength: max(d.body.declared, -1),
		Host:          string(h.Host()),
		RemoteAddr:    d.ctx.RemoteAddr().String(),
		RequestURI:    target,
	}
	r.ProtoMajor, r.ProtoMinor, _ = http.ParseHTTPVersion(r.Proto)
	if d.body.declared < 0 {
		r.TransferEncoding = []string{"chunked"}
	}
	return r.WithContext(ctx)
}

// rawBody is a requestBody that may be kept after the call: it reads nothing then.
type rawBody struct {
	mu     sync.Mutex
	body   *requestBody
	closed bool
}

func (b *rawBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.body.Read(p)
}

// Close makes every later Read an error.
func (b *rawBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}
