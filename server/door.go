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

// responseWriter is what a door writes its response to: [jsonResponse] or
// [fasthttpResponse].
type responseWriter interface {
	// setField sets a header field, addField adds a value to one, and field
	// returns the first value.
	setField(name, value string)
	addField(name, value string)
	field(name string) []byte

	// set makes the response, with a JSON body, or without a body and its type
	// where body is nil. It keeps nothing of body. The response is sent when
	// the request has ended.
	set(status int, body []byte)
	status() int

	closeAfter() // closes the connection behind the response
	abandon()    // closes the connection without a response
}

// door is the [apiphant.Door] of one request. It is used again for the next
// request of the connection, so what a function may keep (rawResponse, rawBody)
// is separate.
type door struct {
	server   *Server
	conn     *conn
	response responseWriter
	ctx      *fasthttp.RequestCtx // of a request that fasthttp serves; else nil
	match    apiphant.Match
	endpoint *apiphant.Endpoint // of match; nil: nothing is served there
	route    *routeCounts       // nil: nothing is counted
	start    time.Time          // when the head was there
	id       string             // of the request
	whole    []byte             // the body, where all of it was there when it was asked for; else nil
	buffer   bodyBuffer         // for any other body, until the request is finished
	body     requestBody
	raw      *rawResponse // nil: the pipeline writes the response
	rawBody  *rawBody
	sent     int64 // bytes of the body that Answer was given
	open     bool  // the request has not ended
	running  bool  // the request has a place among those that run
	aborted  bool  // there is no response
	watched  bool  // the client is watched
}

// openDoor begins to answer the request whose head is c.head.
func (c *conn) openDoor(r responseWriter) *door {
	s := c.server
	c.door = door{server: s, conn: c, response: r, match: c.match, endpoint: c.match.Endpoint, start: time.Now(), open: true, buffer: bodyBuffer{memory: &s.bodies}}
	c.door.begin()
	return &c.door
}

func (d *door) begin() {
	m := d.server.Metrics
	if d.route = m.route(d.endpoint); d.isHealthCheck() {
		d.route = m.health()
	}
	m.begin()
}

// Began returns when the head was there.
func (d *door) Began() time.Time { return d.start }

// status is that of the answer; 0: the connection is closed without one.
func (d *door) status() int {
	if d.aborted {
		return 0
	}
	return d.response.status()
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

func (d *door) path() []byte { return path(d.conn.head.Target) }

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
	method := d.conn.head.Method
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
	case !d.conn.head.Has(name), apiphant.IsForwarded(name) && !d.conn.trusted:
		return ""
	}
	return string(d.conn.head.Fields.First(name))
}

func (d *door) RemoteAddr() netip.Addr { return d.client().Addr() }

func (d *door) Body() ([]byte, error) {
	if !d.server.calls.hasRoom() { // the body need not be read to know that
		d.server.shed.count(boundOnRunning)
		return nil, d.overloaded()
	}
	body, err := d.readBody()
	switch {
	case err == errNoMemory:
		d.server.shed.count(boundOnMemory)
		return nil, d.overloaded()
	case err == nil && !d.enter():
		return nil, d.overloaded()
	}
	return body, err
}

func (d *door) readBody() ([]byte, error) {
	limit := d.server.bodyLimit(d.endpoint)
	if d.conn.head.Length <= limit {
		if d.whole = d.conn.body.Whole(); d.whole != nil {
			d.body.came = int64(len(d.whole))
			return d.whole, nil
		}
	}
	return d.openBody(limit).readAll(&d.buffer)
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
	d.response.setField(name, value)
}

func (d *door) AddHeader(name, value string) {
	if d.raw != nil {
		d.raw.addHeader(name, value)
		return
	}
	d.response.addField(name, value)
}

func (d *door) Answer(status int, body []byte) {
	if d.raw != nil && !d.raw.Replace() {
		d.raw.Abort()
		return
	}
	d.response.set(status, body)
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
	d.response.abandon()
}

// WatchClient is called by the goroutine that looks at the call's context.
func (d *door) WatchClient(gone func()) {
	if d.server.watcher != nil {
		d.watched = true
		d.server.watcher.Add(d.conn.Conn, gone)
	}
}

// end is the last of a request.
func (d *door) end() {
	d.open = false
	if d.watched {
		d.server.watcher.Remove(d.conn.Conn)
	}
	now := time.Now()
	d.conn.AwaitRequest(now)
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
	if d.whole == nil {
		d.finishBody()
	}
	if d.server.draining.Load() {
		d.response.closeAfter()
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
	d.conn.LimitRate(nil)
}

// endUnread ends a request of which the body, or more, was not read.
func (d *door) endUnread() {
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
	d.response.closeAfter()
	d.conn.LingerOnClose()
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
