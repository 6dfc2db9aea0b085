package server

import (
	"errors"
	"fmt"

	"github.com/apiphant/apiphant/internal/response"
	"github.com/apiphant/apiphant/server/internal/http1"
)

// maxBuffered is how much of a raw response is kept before it is sent.
const maxBuffered = response.MaxBuffered

// rawResponse is the response of a function that writes it itself, through the
// Writer. A response that is small enough is sent by fasthttp when the function
// has returned. Any other is a stream, which is written here as it comes.
type rawResponse struct {
	*response.Writer
	door *door
	gone func()  // is called when the client accepts nothing more
	body *stream // nil: the response is not a stream
}

func newRawResponse(d *door, gone func()) *rawResponse {
	r := &rawResponse{door: d, gone: gone}
	r.Writer = response.NewWriter(rawOutput{r}, d.Method())
	return r
}

func (r *rawResponse) setHeader(name, value string) {
	r.BeforeStart(func() { r.door.ctx.Response.Header.Set(name, value) })
}

func (r *rawResponse) addHeader(name, value string) {
	r.BeforeStart(func() { r.door.ctx.Response.Header.Add(name, value) })
}

// finish ends the response as it stands. One that is shorter than the function
// declared is never whole.
func (r *rawResponse) finish() {
	var short *response.ShortError
	if !errors.As(r.Finish(), &short) {
		return
	}
	r.door.server.log.Warn(fmt.Sprintf("%s declared a Content-Length of %d and wrote %d bytes: the connection is closed before the response looks whole",
		r.door.path(), short.Declared, short.Written), r.door.requestID())
	r.door.abandon()
}

// giveUp ends a response that nobody has ended, so that it does not look whole.
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

// Start begins a stream.
func (o rawOutput) Start(head response.Head) (response.Body, error) {
	o.copyHead(head)
	if !o.door.bodyIsRead() || o.door.server.draining.Load() {
		o.door.response.closeAfter() // the head is the last place to say it
	}
	o.body = newStream(o.door, head.Length, o.gone)
	return o.body, nil
}

func (o rawOutput) End(whole bool) { o.body.end(whole) }

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
		if name != "Vary" { // what the response already depends on, it still does
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
