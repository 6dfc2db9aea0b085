package server

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/requesturi"
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
	// where body is nil. It keeps nothing of a body of up to maxPooledResponse. The
	// response is sent when the request has ended.
	set(status int, body []byte)
	status() int

	closeAfter() // closes the connection after the response
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
	start    time.Time          // when the head was complete
	id       string             // of the request
	whole    []byte             // the body, where all of it was there when it was asked for; else nil
	buffer   bodyBuffer         // for any other body, until the request is finished
	body     requestBody
	raw      *rawResponse // nil: the pipeline writes the response
	rawBody  *rawBody
	answer   int64  // bytes that the response takes of the memory, or is expected to
	taken    int64  // bytes that TakeMemory took
	sent     int64  // bytes of the body that Answer was given
	rows     int64  // of a response that is a sequence
	hasRows  bool   // the response is a sequence
	reason   string // for the access log
	user     string // for the access log
	open     bool   // the request has not ended
	early    bool   // the call began before there was a response of its endpoint
	placed   bool   // it has a place among the first calls
	running  bool   // the request has a place among those that run
	aborted  bool   // there is no response
	watched  bool   // the client is watched
}

// openDoor begins to answer the request whose head is c.head.
func (c *conn) openDoor(r responseWriter) *door {
	s := c.server
	c.door = door{server: s, conn: c, response: r, match: c.match, endpoint: c.match.Endpoint, start: time.Now(), open: true, buffer: bodyBuffer{memory: s.bodies, shard: c.shard}}
	c.door.copyHost()
	c.door.begin()
	return &c.door
}

func (d *door) begin() {
	m := d.server.Metrics
	if d.route = m.route(d.conn.shard, d.endpoint); d.isHealthCheck() {
		d.route = m.health(d.conn.shard)
	}
	m.begin(d.conn.shard)
}

// Began is part of [apiphant.Timed]: it returns when the head was complete.
func (d *door) Began() time.Time { return d.start }

// status returns the status of the response; 0: the connection is closed without one.
func (d *door) status() int {
	if d.aborted {
		return 0
	}
	return d.response.status()
}

// received returns how many bytes were read of the request's body, and of a hijacked
// connection.
func (d *door) received() int64 {
	if h := d.conn.hijack.Load(); h != nil {
		return d.body.came + h.received.Load()
	}
	return d.body.came
}

// written returns how many bytes the body of the response has, as far as it was sent,
// or how many were written to a hijacked connection.
func (d *door) written() int64 {
	if h := d.conn.hijack.Load(); h != nil {
		return h.sent.Load()
	}
	if d.raw != nil && d.sent == 0 {
		return d.raw.Written()
	}
	return d.sent
}

// CountPanic is part of [apiphant.PanicCounter].
func (d *door) CountPanic() {
	if d.route != nil {
		d.route.panics.Add(1)
	}
}

// TakeUser is part of [apiphant.UserTaker].
func (d *door) TakeUser(name string) { d.user = name }

// TakeReason is part of [apiphant.ReasonTaker].
func (d *door) TakeReason(reason string) { d.reason = reason }

// CountRows is part of [apiphant.RowCounter].
func (d *door) CountRows(rows int64) { d.rows, d.hasRows = rows, true }

// path returns the path of the request's target as it came: neither decoded nor
// cleaned.
func (d *door) path() []byte {
	path, _ := requesturi.Split(d.conn.head.Target)
	return path
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

// Body reads the whole body. While that has to be waited for, the request does not
// count as one that runs, so that slow clients take nobody's place.
func (d *door) Body() ([]byte, error) {
	limit := d.server.bodyLimit(d.endpoint)
	if d.conn.head.Length <= limit {
		if d.whole = d.conn.body.Whole(); d.whole != nil {
			d.body.came = int64(len(d.whole))
			return d.whole, nil
		}
	}
	d.exit()
	d.releaseAnswer() // enter reserves it anew
	body, err := d.openBody(limit).readAll(&d.buffer)
	switch {
	case err == errNoMemory:
		d.server.shed.count(boundOnMemory)
		return nil, d.overloaded()
	case err == nil && !d.enter():
		return nil, d.overloaded()
	}
	return body, err
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
	d.countAnswer(status, body)
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

// abandon closes the connection without a response.
func (d *door) abandon() {
	if d.Started() {
		return // the stream ends before it is whole
	}
	d.aborted = true
	d.response.abandon()
}

// TakeMemory is part of [apiphant.MemoryKeeper].
func (d *door) TakeMemory(bytes int64) bool {
	if !d.server.bodies.reserve(d.conn.shard, bytes) {
		if !d.endpoint.Files { // else they are kept on disk
			d.server.shed.count(boundOnMemory)
		}
		return false
	}
	d.taken += bytes
	return true
}

// BodyLimit is part of [apiphant.BodyBounder].
func (d *door) BodyLimit() int64 { return d.server.bodyLimit(d.endpoint) }

// WatchClient is part of [apiphant.ClientWatcher].
func (d *door) WatchClient(gone func()) {
	if d.server.watcher == nil {
		return
	}
	if c, told := d.conn, gone; d.endpoint.RawResponse {
		gone = func() {
			if c.hijack.Load() == nil { // else the function reads from it
				told()
			}
		}
	}
	d.watched = true
	d.server.watcher.Add(d.conn.Conn, gone)
}

func (s *Server) maxBody() int64   { return cmp.Or(s.MaxBody, DefaultMaxBody) }
func (s *Server) maxUpload() int64 { return cmp.Or(s.MaxUpload, DefaultMaxUpload) }

// bodyLimit returns how many bytes the body of a request to an endpoint may have.
func (s *Server) bodyLimit(endpoint *apiphant.Endpoint) int64 {
	if endpoint.RawRequest || endpoint.Files {
		return cmp.Or(endpoint.MaxBody, s.maxUpload())
	}
	return cmp.Or(endpoint.MaxBody, s.maxBody())
}
