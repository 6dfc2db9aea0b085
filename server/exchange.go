package server

import (
	"io"
	"net"

	"github.com/valyala/fasthttp"
)

// exchange is one request and its answer, as they are read and written by
// fasthttp, or by the lane. What it returns is valid until the request ends.
type exchange interface {
	method() []byte
	target() []byte // as it came
	host() []byte
	fields() []byte // of the head, as they came

	body() []byte      // where all of it came with the head; else nil
	stream() io.Reader // of the body; nil: there is none
	length() int64     // that is declared of the body; negative: none is

	// setField sets a field of the answer's head, addField adds a value to one,
	// answerField returns its first value.
	setField(name, value string)
	addField(name, value string)
	answerField(name string) []byte

	// answer makes the answer, in JSON, or without a body and its type where
	// that is nil. It keeps nothing of body. It is sent when the request has ended.
	answer(status int, body []byte)
	status() int

	closeAfter() // the connection, after the answer
	abandon()    // the connection, without an answer
}

// byFasthttp is an exchange of fasthttp.
type byFasthttp struct{ ctx *fasthttp.RequestCtx }

func (x byFasthttp) method() []byte { return x.ctx.Request.Header.Method() }
func (x byFasthttp) target() []byte { return x.ctx.Request.Header.RequestURI() }
func (x byFasthttp) host() []byte   { return x.ctx.Request.Header.Host() }
func (x byFasthttp) fields() []byte { return x.ctx.Request.Header.RawHeaders() }

func (x byFasthttp) body() []byte      { return nil }
func (x byFasthttp) stream() io.Reader { return x.ctx.RequestBodyStream() }
func (x byFasthttp) length() int64     { return int64(x.ctx.Request.Header.ContentLength()) }

func (x byFasthttp) setField(name, value string)    { x.ctx.Response.Header.Set(name, value) }
func (x byFasthttp) addField(name, value string)    { x.ctx.Response.Header.Add(name, value) }
func (x byFasthttp) answerField(name string) []byte { return x.ctx.Response.Header.Peek(name) }

func (x byFasthttp) answer(status int, body []byte) {
	x.ctx.Response.SetStatusCode(status)
	if body != nil {
		x.ctx.Response.Header.SetContentType(jsonContentType)
	}
	x.ctx.Response.SetBody(body)
}

func (x byFasthttp) status() int { return x.ctx.Response.StatusCode() }

func (x byFasthttp) closeAfter() { x.ctx.SetConnectionClose() }

func (x byFasthttp) abandon() {
	x.ctx.HijackSetNoResponse(true)
	x.ctx.Hijack(func(net.Conn) {}) // fasthttp closes the connection after it
}
