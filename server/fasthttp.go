package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/requesturi"
)

// newFasthttp returns the server of what answerJSON does not answer: functions that
// read the request or write the response themselves, HTTP/1.0, HEAD, and
// requests that ask something of the connection.
func (s *Server) newFasthttp() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.handle,
		HeaderReceived:               withoutBody,
		ErrorHandler:                 s.handleUnreadable,
		Logger:                       debugLog{s.log},
		ReadBufferSize:               s.config.MaxHead,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		Concurrency:                  math.MaxInt32, // conns bounds connections, and answers in JSON
	}
}

// answerByFasthttp lets fasthttp answer one request, whose head came. It reports
// whether the connection can have another one.
func (c *conn) answerByFasthttp() (again bool) {
	c.single = singleRequest{conn: c, head: c.Buffered()[:c.head.Size]}
	c.Keep(c.head.Size)
	c.body.Open(&c.head, c)
	if err := c.server.http.ServeConn(&c.single); err != nil && !c.single.closed {
		c.server.http.Logger.Printf("a request ended with an error: %v", err)
	}
	c.door.releaseAnswer()
	c.Free()
	return c.single.another && !c.single.closed
}

// singleRequest is the connection as fasthttp sees it: one head comes, and then
// its end. Bodies are read from conn.body, so that they are bounded, and not
// before somebody wants them.
type singleRequest struct {
	conn    *conn
	head    []byte // what fasthttp has not read of it
	another bool   // fasthttp has asked for another request: the connection may have one
	written bool   // the response is written by a stream: fasthttp has nothing to send
	closed  bool   // the connection is to be closed without a response, or in the middle of one
}

func (r *singleRequest) Read(p []byte) (int, error) {
	if len(r.head) == 0 {
		r.another = true
		return 0, io.EOF
	}
	n := copy(p, r.head)
	r.head = r.head[n:]
	return n, nil
}

func (r *singleRequest) Write(p []byte) (int, error) {
	switch {
	case r.closed:
		return 0, net.ErrClosed
	case r.written:
		return len(p), nil
	}
	return r.conn.Write(p)
}

func (r *singleRequest) Close() error         { return nil } // conn.serve does that
func (r *singleRequest) LocalAddr() net.Addr  { return r.conn.Transport().LocalAddr() }
func (r *singleRequest) RemoteAddr() net.Addr { return r.conn.RemoteAddr() }

// The connection has deadlines of its own.
func (r *singleRequest) SetDeadline(time.Time) error      { return nil }
func (r *singleRequest) SetReadDeadline(time.Time) error  { return nil }
func (r *singleRequest) SetWriteDeadline(time.Time) error { return nil }

// withoutBody makes fasthttp take a request for one that has no body.
func withoutBody(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	header.Del("Expect")       // requestBody answers it
	header.SetContentLength(0) // fasthttp would read the beginning of the body before it calls the handler
	return fasthttp.RequestConfig{}
}

// handle answers one request of fasthttp.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	c := ctx.Conn().(*singleRequest).conn
	d := c.openFasthttpDoor(ctx)
	if c.head.AsksToClose() {
		d.response.closeAfter() // fasthttp knows only "close" alone, and of several fields the last
	}
	switch {
	case d.isHealthCheck():
		d.answerHealth()
	case c.head.AsksToContinue() && c.refusesBody():
		d.refuseBody()
		return
	case !d.mayServe():
		s.API.Refuse(s.base, d, d.overloaded())
	case d.endpoint != nil && d.endpoint.Streams:
		d.serveRaw()
		return
	default:
		s.API.Serve(s.base, d.match, d)
	}
	d.finish()
}

func (c *conn) openFasthttpDoor(ctx *fasthttp.RequestCtx) *door {
	c.written = fasthttpResponse{ctx, &c.single}
	d := c.openDoor(&c.written)
	d.ctx = ctx
	return d
}

// refusesBody reports whether the request is refused without its body: nothing
// is served there, not by this method, or the body is too large.
func (c *conn) refusesBody() bool {
	if path, _ := requesturi.Split(c.head.Target); string(path) == healthPath {
		return false
	}
	return c.match.Endpoint == nil || c.match.Refused() || c.head.Length > c.server.bodyLimit(c.match.Endpoint)
}

// refuseBody answers a request with "Expect: 100-continue" that refusesBody.
func (d *door) refuseBody() {
	if d.endpoint != nil && !d.match.Refused() {
		d.server.API.Refuse(d.server.base, d, readError(&http.MaxBytesError{Limit: d.server.bodyLimit(d.endpoint)}))
	} else {
		d.server.API.Serve(d.server.base, d.match, d) // which refuses it before it reads a body
	}
	d.endUnread()
}

// handleUnreadable answers a request whose head fasthttp refuses.
func (s *Server) handleUnreadable(ctx *fasthttp.RequestCtx, err error) {
	c := ctx.Conn().(*singleRequest).conn
	c.head.Method, c.head.Target, c.match = nil, nil, apiphant.Match{}
	d := c.openFasthttpDoor(ctx)
	s.API.Refuse(s.base, d, readError(err))
	d.endUnread()
}

// fasthttpResponse is a response that fasthttp writes.
type fasthttpResponse struct {
	ctx    *fasthttp.RequestCtx
	single *singleRequest
}

func (r *fasthttpResponse) setField(name, value string) { r.ctx.Response.Header.Set(name, value) }
func (r *fasthttpResponse) addField(name, value string) { r.ctx.Response.Header.Add(name, value) }
func (r *fasthttpResponse) field(name string) []byte    { return r.ctx.Response.Header.Peek(name) }

func (r *fasthttpResponse) set(status int, body []byte) {
	r.ctx.Response.SetStatusCode(status)
	if body != nil {
		r.ctx.Response.Header.SetContentType(jsonContentType)
	}
	if len(body) > maxPooledResponse {
		r.ctx.Response.SetBodyRaw(body)
		return
	}
	r.ctx.Response.SetBody(body)
}

func (r *fasthttpResponse) status() int { return r.ctx.Response.StatusCode() }
func (r *fasthttpResponse) closeAfter() { r.ctx.SetConnectionClose() }
func (r *fasthttpResponse) abandon()    { r.single.closed = true }

// debugLog is where fasthttp logs what clients did wrong.
type debugLog struct{ log *slog.Logger }

func (l debugLog) Printf(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}
