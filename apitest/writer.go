package apitest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"

	"github.com/apiphant/apiphant"
)

// maxBuffered is how much of a raw answer is kept before it begins to stream: a
// shorter one can still become an error.
const maxBuffered = 32 << 10

// response is the answer of one call, and the [http.ResponseWriter] of a
// function that writes it itself. Used after the call it returns errors.
type response struct {
	request *http.Request
	cancel  context.CancelCauseFunc // ends the call's context
	began   chan struct{}           // closed once the next field is set
	reply   *http.Response          // what the client gets; nil: no answer

	mu       sync.Mutex
	set      http.Header // by SetHeader
	header   http.Header // the function's own
	sent     http.Header // what goes out; nil: not settled yet
	status   int         // 0: not written yet
	buffer   []byte      // until the answer streams
	length   int64       // of the whole body, as the function declared it; -1: not declared
	written  int64
	replaced bool // the pipeline answers in place of the function
	broken   bool // there is no whole answer
	finished bool
	writer   *io.PipeWriter // nil: the answer does not stream
}

func newResponse(r *http.Request, cancel context.CancelCauseFunc) *response {
	return &response{request: r, cancel: cancel, began: make(chan struct{}), set: http.Header{}, header: http.Header{}, length: -1}
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeHeader(status)
}

func (r *response) writeHeader(status int) {
	if r.finished || r.replaced || r.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	r.status = status
	r.sent = r.header.Clone()
	if declared, err := strconv.ParseInt(r.sent.Get("Content-Length"), 10, 64); err == nil && declared >= 0 {
		r.length = declared
	}
	r.sent.Del("Content-Length")
	r.sent.Del("Transfer-Encoding")
}

func (r *response) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished || r.replaced {
		return 0, http.ErrHandlerTimeout
	}
	r.writeHeader(http.StatusOK)
	switch {
	case r.status == http.StatusNoContent || r.status == http.StatusNotModified:
		return 0, http.ErrBodyNotAllowed
	case r.length >= 0 && r.written+int64(len(p)) > r.length:
		return 0, http.ErrContentLength
	case r.isHead() && len(r.buffer) > 0: // the first bytes tell the content type
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
func (r *response) Flush() { _ = r.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (r *response) FlushError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished || r.replaced {
		return http.ErrHandlerTimeout
	}
	r.writeHeader(http.StatusOK)
	r.sniff(nil)
	if r.isHead() {
		return nil
	}
	return r.stream()
}

func (r *response) isHead() bool { return r.request.Method == http.MethodHead }

// stream begins the answer with what was written so far.
func (r *response) stream() error {
	if r.writer != nil {
		return nil
	}
	reader, writer := io.Pipe()
	r.writer = writer
	r.begin(r.length, r.streamed(reader))
	if len(r.buffer) == 0 {
		return nil
	}
	_, err := r.writer.Write(r.buffer)
	r.buffer = nil
	return err
}

// sniff sets the content type that the function and its middleware left out, as
// net/http does.
func (r *response) sniff(next []byte) {
	_, set := r.sent["Content-Type"]
	if set || r.writer != nil || r.set.Get("Content-Type") != "" {
		return
	}
	if data := append(r.buffer[:len(r.buffer):len(r.buffer)], next...); len(data) > 0 {
		r.sent.Set("Content-Type", http.DetectContentType(data))
	}
}

func (r *response) setHeader(name, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writer == nil {
		r.set.Set(name, value)
	}
}

func (r *response) addHeader(name, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writer == nil {
		r.set.Add(name, value)
	}
}

// replace answers with JSON, whatever the function wrote.
func (r *response) replace(status int, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replaced = true
	r.status, r.length, r.sent = status, -1, http.Header{}
	if body != nil {
		r.sent.Set("Content-Type", "application/json")
	}
	r.buffer = bytes.Clone(body)
}

func (r *response) hasStarted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writer != nil
}

func (r *response) abort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished, r.broken = true, true
	if r.writer != nil {
		_ = r.writer.CloseWithError(io.ErrUnexpectedEOF)
	}
}

// finish ends the answer as it stands; less than was declared is never whole.
func (r *response) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writeHeader(http.StatusOK)
	r.finished = true
	defer r.cancel(nil)
	short := r.length > r.written && !r.isHead()
	switch {
	case r.writer != nil && short:
		_ = r.writer.CloseWithError(io.ErrUnexpectedEOF)
	case r.writer != nil:
		_ = r.writer.Close()
	case r.broken || short:
		close(r.began)
	default:
		r.sniff(nil)
		length := int64(len(r.buffer))
		if r.isHead() {
			length, r.buffer = max(length, r.written), nil
		}
		r.begin(length, io.NopCloser(bytes.NewReader(r.buffer)))
	}
}

// begin lets the client have the answer.
func (r *response) begin(length int64, body io.ReadCloser) {
	header := r.set.Clone()
	vary := header["Vary"]
	maps.Copy(header, r.sent)
	if own := r.sent["Vary"]; len(vary) > 0 && len(own) > 0 {
		header["Vary"] = append(vary, own...)
	}
	if length >= 0 && r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	r.reply = &http.Response{
		Status:        strconv.Itoa(r.status) + " " + http.StatusText(r.status),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: length,
		Body:          body,
		Request:       r.request,
	}
	close(r.began)
}

// streamed is the body of a streaming answer. A client that closes it, or whose
// context ends, is gone: the function is told, and can neither write nor read.
func (r *response) streamed(reader *io.PipeReader) io.ReadCloser {
	gone := func(err error) {
		_ = reader.CloseWithError(err)
		closeBody(r.request)
		r.cancel(apiphant.ErrClientGone)
	}
	ctx := r.request.Context()
	stop := context.AfterFunc(ctx, func() { gone(ctx.Err()) })
	return &streamedBody{reader, func() { stop(); gone(io.ErrClosedPipe) }}
}

type streamedBody struct {
	io.Reader
	close func()
}

func (b *streamedBody) Close() error {
	b.close()
	return nil
}
