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
// A middleware runs before the body is decoded. It goes on with
// next(ctx, call), handing values on in the context; or it answers itself, with
// an error or with [Call.Answer]. It sees the errors of what it wraps, and may
// return others in their place; a panic passes through it, so what must be done
// in any case is deferred.
type Handler func(ctx context.Context, call *Call) error

// Call is one request, free of any transport. It is valid until its Handler
// returns; the strings that it gave are safe to keep.
type Call struct {
	context  callContext
	match    Match
	door     Door
	body     []byte
	strict   bool // see [API.Strict]
	answer   *answer
	standing standing // of the site that it comes from
	varies   bool     // the answer depends on the site
}

// Route returns where the call goes.
func (c *Call) Route() Route { return c.match.Endpoint.Route }

// Method returns the method of the request: "POST", unless the function reads the
// request itself or was asked by another [Address].
func (c *Call) Method() string { return c.door.Method() }

// Header returns the first value of a header of the request, "" where there is
// none. Names are compared without regard to letter case. "Host" is what the
// client asked for, and "X-Forwarded-Proto" is "https" where it is known to have
// asked by that; what else proxies tell of a client (see [IsForwarded]) is only
// there when it came from a proxy that is trusted.
func (c *Call) Header(name string) string { return c.door.Header(http.CanonicalHeaderKey(name)) }

// RemoteAddr returns who asks; the zero Addr where the door does not know.
func (c *Call) RemoteAddr() netip.Addr { return c.door.RemoteAddr() }

// RequestID returns the id of the request: the X-Request-Id that came, if it has
// 1 to 128 characters of A-Z a-z 0-9 . _ -, else one made for it. It is in the
// answer's X-Request-Id and in every log line of the call.
func (c *Call) RequestID() string { return c.context.id }

// Body returns the request's body, not decoded yet; the bytes are valid until
// the Handler returns and must not be changed. It is nil where the function
// takes a raw request: that one reads the body itself.
func (c *Call) Body() []byte { return c.body }

// SetHeader sets a header of the answer, whoever writes it and also where it is
// an error.
func (c *Call) SetHeader(name, value string) {
	if c.varies && strings.EqualFold(name, "Vary") {
		value = strings.TrimPrefix(value+", Origin", ", ")
	}
	c.door.SetHeader(name, value)
}

// Answer makes response, which must encode as a JSON object, the answer of the
// call, in place of any other so far. It is how a middleware answers itself.
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
	if c.match.further != nil {
		for _, p := range c.match.further.path {
			r.SetPathValue(p.name, p.text)
		}
	}
	return r
}
