package server

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
)

// lane is the short way of what nearly all requests are: a call of a function
// that takes JSON and answers JSON, which came whole in one piece, with nothing
// behind it, and asks nothing of the connection. The guard has then read all of
// its head that matters, and the lane answers the call in the middle of
// fasthttp's wait for a request, of which fasthttp never hears. Everything else
// goes on to fasthttp. What a call means is the door's and the pipeline's affair,
// on either way; see docs/adr/0020-lane.md.
//
// It is the exchange of one call of a connection after the other.
type lane struct {
	head    *head
	content []byte // the request's body
	server  *Server
	start   time.Time

	id     string                   // the answer's X-Request-Id
	others *fasthttp.ResponseHeader // all of the answer's fields, where there are others than most have; else nil
	out    *[]byte                  // the answer; nil: there is none yet
	code   int
	closes bool
	lost   bool // no answer goes out
}

// forLane returns the endpoint of what the guard has just passed, where that is a
// call for the lane.
func (c *conn) forLane() *apiphant.Endpoint {
	h := &c.guard.last
	if c.server == nil || c.guard.heads != 1 || c.guard.in != partHead || !h.post || h.unusual || h.chunked || h.http10 {
		return nil
	}
	endpoint := c.server.API.Find(h.target)
	if endpoint == nil || endpoint.RawRequest || endpoint.RawResponse || h.length > c.server.bodyLimit(endpoint) {
		return nil
	}
	return endpoint
}

// serveCall answers the call that came, with whose body p ends. An error ends the
// connection.
func (c *conn) serveCall(endpoint *apiphant.Endpoint, p []byte) error {
	s, h := c.server, &c.guard.last
	c.busy.Store(true)
	c.lane = lane{server: s, head: h, content: p[len(p)-int(max(h.length, 0)):], start: time.Now()}
	d := c.openDoor(s, &c.lane)
	d.endpoint = endpoint
	d.begin(s.Metrics.route(endpoint), c.lane.start)
	s.API.Serve(s.base, endpoint, d)
	d.finish()
	err := c.lane.send(c)
	c.busy.Store(false)
	return err
}

var methodPost = []byte(http.MethodPost)

func (l *lane) method() []byte { return methodPost }
func (l *lane) target() []byte { return l.head.target }
func (l *lane) host() []byte   { return l.head.host }
func (l *lane) fields() []byte { return l.head.fields }
func (l *lane) body() []byte   { return l.content }

func (l *lane) setField(name, value string) {
	if l.others == nil && name == requestIDHeader {
		l.id = value
		return
	}
	l.header().Set(name, value)
}

// header is what answers have their fields in where these are others than the
// usual ones.
func (l *lane) header() *fasthttp.ResponseHeader {
	if l.others == nil {
		l.others = &fasthttp.ResponseHeader{}
		l.others.SetNoDefaultContentType(true)
		l.others.Set(requestIDHeader, l.id)
	}
	return l.others
}

func (l *lane) answerField(name string) []byte {
	switch {
	case l.others != nil:
		return l.others.Peek(name)
	case name == requestIDHeader:
		return unsafe.Slice(unsafe.StringData(l.id), len(l.id))
	}
	return nil
}

func (l *lane) status() int { return l.code }
func (l *lane) closeAfter() { l.closes = true }
func (l *lane) abandon()    { l.lost = true }

// laneAnswers are buffers for answers.
var laneAnswers = sync.Pool{New: func() any { return new([]byte) }}

// maxLaneAnswer keeps one large answer from holding its memory for ever.
const maxLaneAnswer = 64 << 10

func (l *lane) answer(status int, body []byte) {
	l.code = status
	if l.out == nil {
		l.out = laneAnswers.Get().(*[]byte)
	}
	out := (*l.out)[:0]
	if l.others == nil && body != nil {
		out = l.appendUsualHead(out, len(body))
	} else {
		out = l.appendHead(out, body)
	}
	*l.out = append(out, body...)
}

// appendUsualHead writes what appendHead would.
func (l *lane) appendUsualHead(out []byte, length int) []byte {
	if l.code == http.StatusOK {
		out = append(out, "HTTP/1.1 200 OK\r\nDate: "...)
	} else {
		out = append(strconv.AppendInt(append(out, "HTTP/1.1 "...), int64(l.code), 10), ' ')
		out = append(append(out, fasthttp.StatusMessage(l.code)...), "\r\nDate: "...)
	}
	out = l.server.date.append(out, l.start)
	out = append(out, "\r\nContent-Type: "+jsonContentType+"\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(length), 10)
	out = append(out, "\r\n"+requestIDHeader+": "...)
	out = append(out, l.id...)
	if l.closes {
		out = append(out, "\r\nConnection: close"...)
	}
	return append(out, "\r\n\r\n"...)
}

func (l *lane) appendHead(out, body []byte) []byte {
	header := l.header()
	header.SetStatusCode(l.code)
	header.SetContentLength(len(body))
	if body != nil {
		header.SetContentType(jsonContentType)
	}
	if l.closes {
		header.SetConnectionClose()
	}
	return header.AppendBytes(out)
}

// send writes the answer. An error ends the connection: fasthttp takes it for the
// client's.
func (l *lane) send(c *conn) error {
	if l.out == nil {
		return io.EOF
	}
	if !l.lost {
		if _, err := c.Write(*l.out); err != nil {
			l.closes = true
		}
	}
	if cap(*l.out) <= maxLaneAnswer {
		laneAnswers.Put(l.out)
	}
	l.out = nil
	if l.lost || l.closes {
		return io.EOF
	}
	return nil
}
