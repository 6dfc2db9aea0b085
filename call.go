package apiphant

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// Handler answers a call. A middleware is a func(next Handler) Handler; the
// innermost Handler decodes the request, calls the function and encodes its
// response.
//
// A middleware runs before the body is read. It calls next(ctx, call), and may
// add values to the context; or it answers the call itself, by returning an error
// or with [Call.Answer]. It gets the errors of what it wraps and may return others
// in their place. A panic passes through it, so what must happen in any case is
// deferred.
type Handler func(ctx context.Context, call *Call) error

// Call is one request, independent of the transport that it came by. It is valid
// until its Handler returns; the strings that its methods return may be kept.
type Call struct {
	context callContext
	match   Match
	door    Door
	body    []byte
	wasRead bool          // the body was, or could not be
	unread  error         // why it could not be
	form    *form         // of a request with files; nil: it was not read
	raw     *http.Request // of a function that reads the request itself
	strict  bool          // see [API.Strict]

	acceptGzip bool // see [API.AcceptGzip]

	answer   *answer
	stream   *stream  // of a function that returns a sequence; nil: it was not called
	standing standing // of the site that it comes from
	varies   bool     // the answer depends on the site
}

// Route returns the version, the target and the action that were asked for.
func (c *Call) Route() Route { return c.match.Endpoint.Route }

// Method returns the method of the request: "POST", unless the function reads the
// request itself, was asked by another [Address], or is a [Stream] asked with GET.
func (c *Call) Method() string { return c.door.Method() }

// Header returns the first value of a header of the request, "" where there is
// none. Letter case does not matter in names. "Host" is the host that the client
// asked, and "X-Forwarded-Proto" is "https" where the client is known to have used
// HTTPS. Other headers in which proxies describe a client (see [IsForwarded]) are
// there only where a trusted proxy has sent them.
func (c *Call) Header(name string) string { return c.door.Header(http.CanonicalHeaderKey(name)) }

// RemoteAddr returns the client's address; the zero Addr where the door does not know it.
func (c *Call) RemoteAddr() netip.Addr { return c.door.RemoteAddr() }

// RequestID returns the id of the request: the X-Request-Id that came, if it has
// 1 to 128 characters of A-Z a-z 0-9 . _ -, else one made for it. It is in the
// answer's X-Request-Id and in every log line of the call.
func (c *Call) RequestID() string { return c.context.id }

// SetUser names who is calling, for the log: the call's further lines have it as "user", and
// so has that of the access log. A middleware that has found out who it is calls it.
func (c *Call) SetUser(name string) {
	c.context.setUser(name)
	if door, ok := c.door.(UserTaker); ok {
		door.TakeUser(name)
	}
}

// Body returns the request's body as it came, or decoded where that was compressed, see
// [API.AcceptGzip]. The bytes are valid until the Handler
// returns and must not be changed. It is nil where the function reads the request
// itself, and where the request has a [File].
//
// The first use of Body waits for the whole body; without one, that happens after the
// middleware. Of a body that can't be read, because it is too large or does not come
// whole, nothing is returned, and the call ends with an error, whatever else a
// middleware answers.
func (c *Call) Body() []byte {
	_ = c.read()
	return c.body
}

// read reads the body, once. A client that waits for "100 Continue" gets it then.
func (c *Call) read() error {
	if !c.wasRead && !c.match.Endpoint.RawRequest {
		c.wasRead = true
		compressed, err := c.isCompressed()
		switch {
		case err != nil:
			c.unread = err
		case c.match.Endpoint.Files:
			c.unread = c.readForm()
		default:
			if c.body, c.unread = c.door.Body(); compressed && c.unread == nil {
				c.body, c.unread = c.gunzip(c.body)
			}
		}
	}
	return c.unread
}

// SetHeader sets a header of the answer, also of an answer that is an error or that
// the function writes itself.
func (c *Call) SetHeader(name, value string) {
	if c.varies && strings.EqualFold(name, "Vary") {
		value = strings.TrimPrefix(value+", Origin", ", ")
	}
	c.door.SetHeader(name, value)
}

// Answer makes response the answer of the call, in place of an earlier one. It must
// be something that is a JSON object when it is encoded. A middleware answers with it
// in place of the function. Where response has StatusCode() int or Headers()
// http.Header, see [Func], they count.
func (c *Call) Answer(response any) error {
	if err := c.answered().encode(response); err != nil {
		return err
	}
	return c.answer.describe(response)
}

// answered returns the call's answer, which is to be written.
func (c *Call) answered() *answer {
	if c.answer == nil {
		c.answer = newAnswer()
	}
	return c.answer
}

// request returns the request for a function that reads it itself, with what the
// path has in place of {name}.
func (c *Call) request(ctx context.Context) *http.Request {
	r := c.door.Request(ctx)
	c.raw = r
	c.decodeRequest(r)
	if c.match.further != nil {
		for _, p := range c.match.further.path {
			r.SetPathValue(p.Name, p.Texts[0])
		}
	}
	return r
}

// removeFiles removes the temporary files of the request, those that a function's
// ParseMultipartForm has made included, as net/http's server does.
func (c *Call) removeFiles() {
	if c.form != nil {
		c.form.Close()
	}
	if c.raw == nil || c.raw.MultipartForm == nil {
		return
	}
	defer func() { _ = recover() }() // the form may be one that the function has made itself
	if err := c.raw.MultipartForm.RemoveAll(); err != nil {
		c.context.log().Warn("Can't remove the temporary files of a form: " + err.Error())
	}
}
