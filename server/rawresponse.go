package server

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	// maxBuffered is how much of a raw answer is kept before it is sent. An
	// answer that fits goes out with its length, and can still become an error.
	maxBuffered = 32 << 10

	// sniffed is how much of an answer http.DetectContentType looks at.
	sniffed = 512
)

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
	buffer   []byte // written, and not sent yet
	length   int64  // of the whole body, as the function declared it; -1: not declared
	written  int64
	finished bool
	reader   *io.PipeReader
	writer   *io.PipeWriter // nil: the answer has not started
}

func newRawResponse(d *door) *rawResponse {
	return &rawResponse{door: d, header: http.Header{}, length: -1, started: make(chan struct{})}
}

func (r *rawResponse) Header() http.Header { return r.header }

func (r *rawResponse) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %d", status)) // net/http's words
	}
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

// hasBody tells whether a body follows the headers.
func (r *rawResponse) hasBody() bool {
	return r.status != http.StatusNoContent && r.status != http.StatusNotModified && !r.door.ctx.IsHead()
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
	}
	r.written += int64(len(p))
	if !r.hasBody() { // HEAD: only the headers tell of it
		r.buffer = append(r.buffer, p[:min(len(p), sniffed-min(sniffed, len(r.buffer)))]...)
		return len(p), nil
	}
	if len(r.buffer)+len(p) <= maxBuffered {
		r.buffer = append(r.buffer, p...)
		return len(p), nil
	}
	r.sniff(p)
	if err := r.send(); err != nil {
		return 0, err
	}
	return r.writer.Write(p)
}

// ReadFrom is what io.Copy uses: it needs no buffer of its own then.
func (r *rawResponse) ReadFrom(from io.Reader) (int64, error) {
	buffer := streamBuffers.Get().(*[maxBuffered]byte)
	defer streamBuffers.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{r}, from, buffer[:])
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
	if !r.hasBody() {
		return nil // it goes out when the function ends
	}
	r.sniff(nil)
	return r.send()
}

// send begins the answer, if it has not begun, and sends what was written so far.
func (r *rawResponse) send() error {
	if r.writer == nil {
		r.copyHeader()
		if !r.door.bodyIsRead() || r.door.server.draining.Load() {
			r.door.ctx.SetConnectionClose() // the headers are the last place to say it
		}
		r.reader, r.writer = io.Pipe()
		close(r.started)
	}
	if len(r.buffer) == 0 {
		return nil
	}
	_, err := r.writer.Write(r.buffer)
	r.buffer = r.buffer[:0]
	return err
}

// finish ends the answer as it stands. One that is shorter than the function
// declared is never whole.
func (r *rawResponse) finish() {
	if r.end() {
		return
	}
	r.door.server.log.Warn(fmt.Sprintf("%s declared a Content-Length of %d and wrote %d bytes: the connection is broken off",
		r.door.path(), r.length, r.written), r.door.requestID())
	r.door.abandon()
}

func (r *rawResponse) end() (whole bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished {
		return true
	}
	r.writeHeader(http.StatusOK)
	whole = r.length <= r.written || !r.hasBody()
	if r.writer != nil {
		if r.send() == nil && whole {
			_ = r.writer.Close()
		}
		_ = r.writer.CloseWithError(errAborted) // without effect after Close
		r.finished = true
		return whole
	}
	r.finished = true
	if !whole {
		return false
	}
	r.sniff(nil)
	r.copyHeader()
	if r.hasBody() {
		r.door.ctx.Response.SetBody(r.buffer)
	} else if length := max(r.length, r.written); length > 0 {
		r.door.ctx.Response.Header.SetContentLength(int(length))
	}
	return true
}

// replace forgets what was written, for another answer in its place, and tells
// whether that was still possible.
func (r *rawResponse) replace() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writer != nil {
		return false
	}
	r.finished = true
	return true
}

// giveUp ends an answer that nobody has ended, so that it does not look whole.
func (r *rawResponse) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.finished:
	case r.writer != nil:
		_ = r.writer.CloseWithError(errAborted)
	default:
		r.door.abandon()
	}
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
	data := r.buffer[:min(len(r.buffer), sniffed)]
	if missing := sniffed - len(data); missing > 0 && len(next) > 0 {
		data = append(data[:len(data):len(data)], next[:min(len(next), missing)]...)
	}
	if len(data) > 0 && r.sent.Get("Content-Encoding") == "" {
		r.sent.Set("Content-Type", http.DetectContentType(data))
	}
}

func (r *rawResponse) setHeader(name, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writer == nil {
		r.door.ctx.Response.Header.Set(name, value)
	}
}

func (r *rawResponse) addHeader(name, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writer == nil {
		r.door.ctx.Response.Header.Add(name, value)
	}
}

// copyHeader gives fasthttp the status and the headers. Those that say how the
// body goes out are fasthttp's own affair; trailers are not sent.
func (r *rawResponse) copyHeader() {
	response := &r.door.ctx.Response
	response.SetStatusCode(r.status)
	for name, values := range r.sent {
		if name == "Content-Length" || name == "Transfer-Encoding" || name == "Trailer" || strings.HasPrefix(name, http.TrailerPrefix) {
			continue
		}
		if name != "Vary" { // whatever it depends on for others, it still does
			response.Header.Del(name)
		}
		for _, value := range values {
			response.Header.Add(name, value)
		}
	}
	if hasToken([]byte(r.sent.Get("Connection")), "close") {
		response.SetConnectionClose()
	}
}
