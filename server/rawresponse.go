package server

import (
	"errors"
	"fmt"
	"io"

	"github.com/apiphant/apiphant/internal/response"
)

// maxBuffered is how much of a raw answer is kept before it is sent.
const maxBuffered = response.MaxBuffered

// rawResponse is the answer of a function that writes it itself. The function
// has its Writer; here is how that is sent by fasthttp.
type rawResponse struct {
	*response.Writer
	door    *door
	started chan struct{} // closed once the answer streams; then the next three are set
	length  int64         // of the whole body; -1: not declared
	reader  *io.PipeReader
	writer  *io.PipeWriter
}

func newRawResponse(d *door) *rawResponse {
	r := &rawResponse{door: d, started: make(chan struct{})}
	r.Writer = response.NewWriter(rawOutput{r}, d.Method())
	return r
}

// Started tells whether the answer streams; it is asked by fasthttp's goroutine,
// too.
func (r *rawResponse) Started() bool {
	select {
	case <-r.started:
		return true
	default:
		return false
	}
}

func (r *rawResponse) setHeader(name, value string) {
	r.BeforeStart(func() { r.door.ctx.Response.Header.Set(name, value) })
}

func (r *rawResponse) addHeader(name, value string) {
	r.BeforeStart(func() { r.door.ctx.Response.Header.Add(name, value) })
}

// finish ends the answer as it stands. One that is shorter than the function
// declared is never whole.
func (r *rawResponse) finish() {
	var short *response.ShortError
	if !errors.As(r.Finish(), &short) {
		return
	}
	r.door.server.log.Warn(fmt.Sprintf("%s declared a Content-Length of %d and wrote %d bytes: the connection is broken off",
		r.door.path(), short.Declared, short.Written), r.door.requestID())
	r.door.abandon()
}

// giveUp ends an answer that nobody has ended, so that it does not look whole.
func (r *rawResponse) giveUp() {
	if r.Abort() {
		r.door.abandon()
	}
}

// rawOutput is the [response.Output] of a rawResponse.
type rawOutput struct{ *rawResponse }

func (o rawOutput) HasContentType() bool {
	return len(o.door.ctx.Response.Header.ContentType()) > 0
}

// Start lets fasthttp's goroutine send what the function writes.
func (o rawOutput) Start(head response.Head) (response.Body, error) {
	o.copyHead(head)
	if !o.door.bodyIsRead() || o.door.server.draining.Load() {
		o.door.ctx.SetConnectionClose() // the headers are the last place to say it
	}
	r := o.rawResponse
	r.length = head.Length
	r.reader, r.writer = io.Pipe()
	close(r.started)
	return rawPipe{r.writer}, nil
}

func (o rawOutput) End(whole bool) {
	if whole {
		_ = o.writer.Close()
		return
	}
	_ = o.writer.CloseWithError(errAborted)
}

func (o rawOutput) Send(head response.Head, body []byte) {
	o.copyHead(head)
	switch r := &o.door.ctx.Response; {
	case body != nil:
		r.SetBody(body)
	case head.Length > 0:
		r.Header.SetContentLength(int(head.Length))
	}
}

// copyHead gives fasthttp the status and the headers.
func (o rawOutput) copyHead(head response.Head) {
	r := &o.door.ctx.Response
	r.SetStatusCode(head.Status)
	for name, values := range head.Header {
		if name != "Vary" { // what it depends on for others, it still does
			r.Header.Del(name)
		}
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	if hasToken([]byte(head.Header.Get("Connection")), "close") {
		r.SetConnectionClose()
	}
}

// rawPipe is where the body goes: whoever reads it sends it at once.
type rawPipe struct{ *io.PipeWriter }

func (rawPipe) Flush() error { return nil }
