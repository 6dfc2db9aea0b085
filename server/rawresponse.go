package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/response"
	"github.com/apiphant/apiphant/server/internal/http1"
)

// maxBuffered is how many bytes of a raw response are held back before anything is sent.
const maxBuffered = response.MaxBuffered

// rawResponse is the response of a raw function: one that writes its response itself, to
// the Writer. A response of up to maxBuffered bytes that the function does not flush is
// sent by fasthttp, after the function has returned. Any other is a stream: it is sent
// while the function writes it, and not by fasthttp.
type rawResponse struct {
	*response.Writer
	door   *door
	cancel context.CancelCauseFunc // ends the context of the function
	drain  func() bool             // ends the wait for a drain; nil: nothing waits
	body   *stream                 // nil: the response is not a stream
	done   chan struct{}           // closed when the connection can be served on: the function has returned, or has hijacked it
}

func newRawResponse(d *door, cancel context.CancelCauseFunc) *rawResponse {
	r := &rawResponse{door: d, cancel: cancel, done: make(chan struct{})}
	r.Writer = response.NewWriter(rawOutput{r}, d.Method())
	return r
}

func (r *rawResponse) setHeader(name, value string) {
	r.BeforeStart(func() { r.door.ctx.Response.Header.Set(name, value) })
}

func (r *rawResponse) addHeader(name, value string) {
	r.BeforeStart(func() { r.door.ctx.Response.Header.Add(name, value) })
}

// finish completes the response, once the function has returned. If the function wrote
// less than its Content-Length, finish logs that and has the connection closed, so that
// the client can tell that the response is incomplete.
func (r *rawResponse) finish() {
	var short *response.ShortError
	if !errors.As(r.Finish(), &short) {
		return
	}
	r.door.server.log.Warn(fmt.Sprintf("%s declared a Content-Length of %d and wrote %d bytes: the connection is closed before the response looks whole",
		r.door.path(), short.Declared, short.Written), r.door.requestID())
	r.door.abandon()
}

// giveUp aborts a response that has not been ended, as after a panic. The connection is
// then closed, so that the client can tell that the response is incomplete.
func (r *rawResponse) giveUp() {
	if r.Abort() {
		r.door.abandon()
	}
}

// cancelOnDrain makes a drain cancel the context of the function.
func (r *rawResponse) cancelOnDrain() {
	if r.drain == nil {
		r.drain = context.AfterFunc(r.door.server.streams, func() { r.cancel(apiphant.ErrDraining) })
	}
}

// end ends the context of the function, which has returned, and the wait for a drain.
// What it has kept of its response does not call cancelOnDrain any more.
func (r *rawResponse) end() {
	if r.drain != nil {
		r.drain()
	}
	r.cancel(nil)
}

// rawOutput is the [response.Output] of a rawResponse.
type rawOutput struct{ *rawResponse }

func (o rawOutput) HasContentType() bool {
	return len(o.door.ctx.Response.Header.ContentType()) > 0
}

// Start begins a response that is sent while the function writes it.
func (o rawOutput) Start(head response.Head) (response.Body, error) {
	o.copyHead(head)
	if !o.door.bodyIsRead() || o.door.server.draining.Load() {
		o.door.response.closeAfter() // now, since "Connection: close" is part of the head
	}
	o.body = newStream(o.door, head.Length)
	return o.body, nil
}

func (o rawOutput) End(whole bool) {
	if h := o.door.conn.hijack.Load(); h != nil {
		_ = h.close()
		return
	}
	o.body.end(whole)
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

// copyHead copies the status and the headers into fasthttp's response.
func (o rawOutput) copyHead(head response.Head) {
	r := &o.door.ctx.Response
	r.SetStatusCode(head.Status)
	for name, values := range head.Header {
		if name != "Vary" { // the function's Vary is added to the one that is already set
			r.Header.Del(name)
		}
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	if http1.HasElement(head.Header.Get("Connection"), "close") {
		r.SetConnectionClose()
	}
}
