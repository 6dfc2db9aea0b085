package server

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
)

const jsonContentType = "application/json"

// door lends one request to the pipeline. It is an [apiphant.Door].
//
// It is used again for each request of a connection: what a function may keep
// (rawResponse, rawBody) stands by itself.
type door struct {
	server   *Server
	conn     *conn
	exchange exchange
	ctx      *fasthttp.RequestCtx // of what only fasthttp serves; nil in the lane
	match    apiphant.Match
	endpoint *apiphant.Endpoint // nil: there is none, or it isn't known yet
	route    *routeCounts       // nil: nothing is counted
	start    time.Time          // when the request was there, but for its body
	id       string             // of the request
	buffer   bodyBuffer         // gives back what it took when the request is finished
	body     requestBody
	raw      *rawResponse // nil: the pipeline writes the answer
	rawBody  *rawBody
	sent     int64 // bytes of the body that Answer was given
	open     bool  // the request has not ended
	running  bool  // it has a place among the requests that run
	aborted  bool  // there is no answer
	unread   bool  // what fasthttp has of the request is nothing, or not all
	watched  bool  // somebody waits to be told that the client has gone
}

func newDoor(s *Server, ctx *fasthttp.RequestCtx) *door {
	d := ctx.Conn().(*conn).openDoor(s, byFasthttp{ctx})
	d.ctx = ctx
	return d
}

func (c *conn) openDoor(s *Server, x exchange) *door {
	c.door = door{server: s, conn: c, exchange: x, open: true, buffer: bodyBuffer{memory: &s.bodies}}
	return &c.door
}

// begin is called once it is known for which route a request is.
func (d *door) begin(route *routeCounts, start time.Time) {
	d.route, d.start = route, start
	d.server.Metrics.begin()
}

// Began is when the request was there, but for its body.
func (d *door) Began() time.Time { return d.start }

// status is that of the answer; 0: the connection is closed without one.
func (d *door) status() int {
	if d.aborted {
		return 0
	}
	return d.exchange.status()
}

// answered is how many bytes of a body the answer has, or had until it broke off.
func (d *door) answered() int64 {
	if d.raw != nil && d.sent == 0 {
		return d.raw.Written()
	}
	return d.sent
}

// CountPanic is called by the pipeline where a call ends with a panic.
func (d *door) CountPanic() {
	if d.route != nil {
		d.route.panics.Add(1)
	}
}

func (d *door) path() []byte { return path(d.exchange.target()) }

// path returns the path as it stands in the target of a request: not decoded,
// not cleaned.
func path(target []byte) []byte {
	if query := bytes.IndexByte(target, '?'); query >= 0 {
		target = target[:query]
	}
	if len(target) > 0 && target[0] != '/' { // absolute form: http://HOST/PATH
		if scheme := bytes.Index(target, []byte("://")); scheme >= 0 {
			if slash := bytes.IndexByte(target[scheme+3:], '/'); slash >= 0 {
				target = target[scheme+3+slash:]
			}
		}
	}
	return target
}

func (d *door) Method() string {
	method := d.exchange.method()
	if string(method) == http.MethodPost {
		return http.MethodPost // without a copy
	}
	return string(method)
}

func (d *door) Header(name string) string {
	switch {
	case name == "Host":
		return d.host()
	case name == "X-Forwarded-Proto":
		return d.forwardedProto()
	case !d.conn.guard.names.has(name), apiphant.IsForwarded(name) && !d.conn.trusted:
		return ""
	}
	return string(firstField(d.exchange.fields(), name))
}

func (d *door) RemoteAddr() netip.Addr { return d.client().Addr() }

func (d *door) Body() ([]byte, error) {
	if !d.server.calls.hasRoom() { // the body need not be read to know that
		d.server.shed.count(lackOfRunning)
		return nil, d.overloaded()
	}
	body, err := d.readBody()
	switch {
	case err == errNoMemory:
		d.server.shed.count(lackOfMemory)
		return nil, d.overloaded()
	case err == nil && !d.enter():
		return nil, d.overloaded()
	}
	return body, err
}

func (d *door) readBody() ([]byte, error) {
	if whole := d.exchange.body(); whole != nil {
		d.body.came = int64(len(whole))
		return whole, nil
	}
	return d.openBody(d.server.bodyLimit(d.endpoint)).readAll(&d.buffer)
}

func (d *door) Request(ctx context.Context) *http.Request { return d.httpRequest(ctx) }

func (d *door) SetHeader(name, value string) {
	if name == requestIDHeader {
		d.identify(value)
	}
	if d.raw != nil {
		d.raw.setHeader(name, value)
		return
	}
	d.exchange.setField(name, value)
}

func (d *door) AddHeader(name, value string) {
	if d.raw != nil {
		d.raw.addHeader(name, value)
		return
	}
	d.exchange.addField(name, value)
}

func (d *door) Answer(status int, body []byte) {
	if d.raw != nil && !d.raw.Replace() {
		d.raw.Abort()
		return
	}
	d.exchange.answer(status, body)
	d.sent = int64(len(body))
}

func (d *door) ResponseWriter() http.ResponseWriter { return d.raw.Writer }

func (d *door) Started() bool { return d.raw != nil && d.raw.Started() }

func (d *door) Abort() {
	if d.raw != nil && !d.raw.Replace() {
		d.raw.Abort()
		return
	}
	d.abandon()
}

// abandon closes the connection without an answer.
func (d *door) abandon() {
	if d.Started() {
		return // the stream breaks off
	}
	d.aborted = true
	d.exchange.abandon()
}

// WatchClient is called by the goroutine that looks at the call's context.
func (d *door) WatchClient(gone func()) {
	if d.server.watcher != nil {
		d.watched = true
		d.server.watcher.begin(d.conn, gone)
	}
}

// end is the last of a request.
func (d *door) end() {
	d.open = false
	if d.watched {
		d.server.watcher.end(d.conn)
	}
	now := time.Now()
	d.conn.awaitRequest(now)
	took := now.Sub(d.start)
	d.server.Metrics.end(d, took)
	d.logAccess(took)
}

// finish ends the request: nothing of it is touched any more by who may have
// kept it, and the connection is left where the next request begins, or closed.
func (d *door) finish() {
	d.release()
	if d.rawBody != nil {
		_ = d.rawBody.Close()
	}
	if d.exchange.body() == nil {
		d.finishBody()
	}
	if d.server.draining.Load() {
		d.exchange.closeAfter()
	}
	d.end()
}

func (d *door) finishBody() {
	if !d.body.isOpen() {
		d.openBody(d.server.maxUpload())
	}
	if !d.body.skip() {
		d.closeUnread()
	}
	d.conn.rate = nil
}

// refused ends a request of which the body, or more, was not read.
func (d *door) refused() {
	d.closeUnread()
	d.end()
}

// lose ends a request whose goroutine ends without an answer.
func (d *door) lose() {
	if d.open {
		d.aborted = true
		d.release()
		d.end()
	}
}

// release gives back what the request took of what is bounded.
func (d *door) release() {
	d.exit()
	d.buffer.free()
}

// closeUnread lets the connection be closed after the answer: where the next
// request begins in it is not known.
func (d *door) closeUnread() {
	d.exchange.closeAfter()
	d.conn.linger.Store(true)
}

// bodyIsRead tells whether the request was read to its end.
func (d *door) bodyIsRead() bool {
	if d.rawBody != nil {
		return d.rawBody.isRead()
	}
	if !d.body.isOpen() {
		d.openBody(d.server.maxUpload())
	}
	return d.body.err == io.EOF
}

func (s *Server) maxBody() int64   { return cmp.Or(s.MaxBody, DefaultMaxBody) }
func (s *Server) maxUpload() int64 { return cmp.Or(s.MaxUpload, DefaultMaxUpload) }

// bodyLimit is what the body of a request to an endpoint may have.
func (s *Server) bodyLimit(endpoint *apiphant.Endpoint) int64 {
	if endpoint.RawRequest {
		return cmp.Or(endpoint.MaxBody, s.maxUpload())
	}
	return cmp.Or(endpoint.MaxBody, s.maxBody())
}
