package inprocess

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/apiphant/apiphant"
)

// maxBuffered is how much of a response is kept, before it needs somebody who
// reads it.
const maxBuffered = 32 << 10

// writer is the [http.ResponseWriter] of one request. Like a server's it may be
// used by one goroutine at a time, until the handler returns.
type writer struct {
	ctx      context.Context // of the client
	request  *http.Request
	cancel   context.CancelCauseFunc // ends the handler's context
	began    chan struct{}           // closed once response is set
	response *http.Response          // nil: none

	header http.Header
	sent   http.Header // header as it was when the status was written
	status int         // 0: not written
	buffer []byte      // until the response streams
	length int64       // of the body, as declared; -1: not declared
	stream *io.PipeWriter
}

func newWriter(ctx context.Context, r *http.Request, cancel context.CancelCauseFunc) *writer {
	return &writer{ctx: ctx, request: r, cancel: cancel, began: make(chan struct{}), header: http.Header{}, length: -1}
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status, w.sent = status, w.header.Clone()
	if declared, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		w.length = declared
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if size := len(w.buffer) + len(p); w.stream == nil && (size <= maxBuffered || int64(size) == w.length) {
		w.buffer = append(w.buffer, p...)
		return len(p), nil
	}
	if err := w.FlushError(); err != nil {
		return 0, err
	}
	return w.stream.Write(p)
}

// FlushError sends what was written so far.
func (w *writer) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if w.stream == nil {
		var reader *io.PipeReader
		reader, w.stream = io.Pipe()
		w.begin(w.streamed(reader))
	}
	if len(w.buffer) == 0 {
		return nil
	}
	_, err := w.stream.Write(w.buffer)
	w.buffer = nil
	return err
}

// EnableFullDuplex is for [http.ResponseController]: requests are always read
// while the response is written.
func (w *writer) EnableFullDuplex() error { return nil }

// end ends the response, which is not whole where the handler was aborted.
func (w *writer) end(whole bool) {
	switch {
	case w.stream != nil && whole:
		_ = w.stream.Close()
	case w.stream != nil:
		_ = w.stream.CloseWithError(io.ErrUnexpectedEOF)
	case !whole:
		close(w.began)
	default:
		w.WriteHeader(http.StatusOK)
		w.begin(io.NopCloser(bytes.NewReader(w.buffer)))
	}
}

// begin lets the client have the response.
func (w *writer) begin(body io.ReadCloser) {
	for name, values := range w.sent {
		if len(values) == 0 {
			delete(w.sent, name)
		}
	}
	w.response = &http.Response{
		Status:        strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.sent,
		ContentLength: w.length,
		Body:          body,
	}
	close(w.began)
}

// streamed is the body of a response that streams. A client that closes it, or
// whose context ends, has gone away: the handler can neither write nor read.
func (w *writer) streamed(reader *io.PipeReader) io.ReadCloser {
	gone := func(err error) {
		_ = reader.CloseWithError(err)
		if w.request.Body != nil {
			_ = w.request.Body.Close()
		}
		w.cancel(apiphant.ErrClientGone)
	}
	stop := context.AfterFunc(w.ctx, func() { gone(w.ctx.Err()) })
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
