package response

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
)

// MaxBuffered is how many bytes of an answer are held back before it is sent. An
// answer that fits is sent with its length, and can still become an error.
const MaxBuffered = 32 << 10

// Output takes the answer of a [Writer] to the client. A Writer calls either
// Start, Body's Write and End, or Send, or none of them where the answer is
// replaced or given up; never two at once. One that can also implements [Hijacker].
type Output interface {
	// HasContentType reports whether the answer has a Content-Type that the
	// function did not set: then none is detected.
	HasContentType() bool

	// Start sends the head of an answer that is still being written, and
	// returns where its body goes. The error is that of all later writes.
	Start(head Head) (Body, error)

	// End ends an answer that was started. Where whole is false, the client
	// must be able to tell that something is missing.
	End(whole bool)

	// Send sends a whole answer. Its body is nil where it has none, or where it
	// is not to be sent since the request is a HEAD: then the length may be unknown.
	// Send keeps nothing of it.
	Send(head Head, body []byte)
}

// Body is where the body of an answer goes that is still being written.
type Body interface {
	io.Writer
	Flush() error // sends what was written so far, and before that the head
}

// Head is what comes before the body of an answer.
type Head struct {
	Status int

	// Header is what the function set, see [Merge]. It has no Content-Length,
	// no Transfer-Encoding and no trailers.
	Header http.Header

	// Length is the length of the body in bytes, -1 where it is not known.
	Length int64
}

// HasBody reports whether a body may follow a status: RFC 9110, 6.4.1.
func HasBody(status int) bool {
	return status >= http.StatusOK && status != http.StatusNoContent && status != http.StatusNotModified
}

// Writer is the [http.ResponseWriter] of one call. Like net/http's it may be
// used by one goroutine at a time. Used after the call, it returns errors and
// does no harm.
type Writer struct {
	output  Output
	isHead  bool // the request is a HEAD: the body is counted and not sent
	header  http.Header
	started atomic.Bool

	mu      sync.Mutex
	status  int         // 0: not written yet
	sent    http.Header // what goes out of header, from when the status was written
	buffer  []byte      // written, and not sent yet
	length  int64       // of the whole body, as the function declared it; -1: not declared
	written int64
	ended   bool
	body    Body // nil: the answer has not started

	hijacked bool // the function has the connection
}

// NewWriter returns the Writer for the answer to a request with a method.
func NewWriter(output Output, method string) *Writer {
	return &Writer{output: output, isHead: method == http.MethodHead, header: http.Header{}, length: -1}
}

// Header returns the headers of the answer. Changing them has no effect once the
// status was written.
func (w *Writer) Header() http.Header { return w.header }

// WriteHeader sets the status of the answer. The first one holds. It panics,
// as net/http does, where status is not between 100 and 999. Informational
// statuses, 100 to 199 but for 101, are not sent.
func (w *Writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over() != nil || w.status != 0 {
		return
	}
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %d", status)) // net/http's words
	}
	w.writeHeader(status)
}

func (w *Writer) writeHeader(status int) {
	if w.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status, w.sent = status, cleanHeader(w.header)
	if status == http.StatusNotModified {
		w.sent["Content-Type"] = nil // RFC 9110, 15.4.5: it would be of a body that is not sent
	}
	if declared, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil && declared >= 0 {
		w.length = declared
	}
}

// Write adds to the body. Its errors are net/http's: [http.ErrBodyNotAllowed],
// [http.ErrContentLength], [http.ErrHijacked], and [http.ErrHandlerTimeout] after the
// call.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.over(); err != nil {
		return 0, err
	}
	w.writeHeader(http.StatusOK)
	switch {
	case len(p) == 0:
		return 0, nil
	case !HasBody(w.status):
		return 0, http.ErrBodyNotAllowed
	case w.length >= 0 && w.written+int64(len(p)) > w.length:
		return 0, http.ErrContentLength
	}
	w.written += int64(len(p))
	switch {
	case w.isHead:
		w.buffer = append(w.buffer, p[:min(len(p), sniffed-len(w.buffer))]...)
		return len(p), nil
	case len(w.buffer)+len(p) <= MaxBuffered:
		w.buffer = append(w.buffer, p...)
		return len(p), nil
	}
	w.detect(p)
	if err := w.send(); err != nil {
		return 0, err
	}
	return w.body.Write(p)
}

// Flush sends what was written so far.
func (w *Writer) Flush() { _ = w.FlushError() }

// FlushError is Flush for [http.ResponseController]. An answer that has no body
// is sent when the function ends, also then.
func (w *Writer) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.over(); err != nil {
		return err
	}
	w.writeHeader(http.StatusOK)
	if !w.hasBody() {
		return nil
	}
	w.detect(nil)
	if err := w.send(); err != nil {
		return err
	}
	return w.body.Flush()
}

// copyBuffers are what ReadFrom copies through.
var copyBuffers = sync.Pool{New: func() any { return new([MaxBuffered]byte) }}

// ReadFrom is what io.Copy uses, so that each copy needs no buffer of its own.
func (w *Writer) ReadFrom(from io.Reader) (int64, error) {
	buffer := copyBuffers.Get().(*[MaxBuffered]byte)
	defer copyBuffers.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{w}, from, buffer[:])
}

// hasBody reports whether a body follows the head.
func (w *Writer) hasBody() bool { return HasBody(w.status) && !w.isHead }

// send starts the answer, if it has not started, and sends what was held back.
func (w *Writer) send() (err error) {
	if w.body == nil {
		if w.body, err = w.output.Start(Head{w.status, w.sent, w.length}); err != nil {
			w.body = failed{err}
		}
		w.started.Store(true)
	}
	if len(w.buffer) > 0 {
		_, err = w.body.Write(w.buffer)
		w.buffer = w.buffer[:0]
	}
	return err
}

// failed is the body of an answer that could not be started.
type failed struct{ err error }

func (f failed) Write([]byte) (int, error) { return 0, f.err }
func (f failed) Flush() error              { return f.err }
