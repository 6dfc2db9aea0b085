package server

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
)

// lane is the short way of what nearly all requests are: a call of a function
// that takes JSON and answers JSON, whose head came whole, with nothing behind it
// but its body, and asks nothing of the connection. The guard has then read all
// of the head that matters, and the lane answers the call in the middle of
// fasthttp's wait for a request, of which fasthttp never hears. Everything else
// goes on to fasthttp. What a call means is the door's and the pipeline's affair,
// on either way; see docs/adr/0020-lane.md.
//
// It is the exchange of one call of a connection after the other.
type lane struct {
	conn    *conn
	head    *head
	content []byte // what came of the request's body and is not read yet
	start   time.Time

	id     string                   // the answer's X-Request-Id
	others *fasthttp.ResponseHeader // all of the answer's fields, where there are others than most have; else nil
	out    *[]byte                  // room for the answer's head, and its body; nil: there is no answer yet
	bare   bool                     // the answer has no body
	code   int
	closes bool
	lost   bool // no answer goes out
}

// forLane returns the match of what the guard has just passed, where that is a
// call for the lane.
func (c *conn) forLane() apiphant.Match {
	h := &c.guard.last
	if c.server == nil || c.guard.heads != 1 || !h.post || h.unusual || h.chunked || h.http10 {
		return apiphant.Match{}
	}
	match := c.server.API.Find(methodPost, h.target)
	endpoint := match.Endpoint
	if endpoint == nil || match.Refused() || endpoint.RawRequest || endpoint.RawResponse || h.length > c.server.bodyLimit(endpoint) {
		return apiphant.Match{}
	}
	return match
}

// serveCall answers the call that came, with whose body, as far as that came, p
// ends. An error ends the connection.
func (c *conn) serveCall(match apiphant.Match, p []byte) error {
	s, h := c.server, &c.guard.last
	c.busy.Store(true)
	c.lane = lane{conn: c, head: h, content: p[h.size:], start: time.Now()}
	d := c.openDoor(s, &c.lane)
	d.match, d.endpoint = match, match.Endpoint
	d.begin(s.Metrics.route(match.Endpoint), c.lane.start)
	s.API.Serve(s.base, d.match, d)
	d.finish()
	err := c.lane.send(c)
	c.busy.Store(false)
	return err
}

// answer looks at what came while a request was waited for, and serves it where
// that is a whole call. It returns 0 where the wait goes on, and otherwise how
// much of what came is left to be looked at by others, or why it ends.
func (c *conn) answer(came []byte) (left int, err error) {
	c.look(came)
	if c.arrival.match.Endpoint == nil || c.guard.in == partBody {
		return len(came), nil
	}
	c.within.Store(true)
	err = c.serveCall(c.arrival.match, came)
	c.within.Store(false)
	if err != nil {
		return 0, err
	}
	c.arrival.known = false
	if err := c.armSooner(c.wakeBy()); err != nil {
		return 0, err
	}
	if c.isInterrupted() {
		return 0, os.ErrDeadlineExceeded
	}
	return 0, nil
}

var methodPost = []byte(http.MethodPost)

func (l *lane) method() []byte { return methodPost }
func (l *lane) target() []byte { return l.head.target }
func (l *lane) host() []byte   { return l.head.host }
func (l *lane) fields() []byte { return l.head.fields }
func (l *lane) length() int64  { return max(l.head.length, 0) }

// body returns it where it is there, without a copy.
func (l *lane) body() []byte {
	if l.conn.guard.in == partBody || int64(len(l.content)) < l.length() {
		return nil
	}
	return l.content
}

func (l *lane) stream() io.Reader { return l }

// Read reads the body: what came with its head, and then from the connection,
// never further than to its end.
func (l *lane) Read(p []byte) (n int, err error) {
	if len(l.content) > 0 {
		n = copy(p, l.content)
		l.content = l.content[n:]
		return n, nil
	}
	g := &l.conn.guard
	if g.in != partBody {
		return 0, io.EOF
	}
	return l.conn.guardedRead(p[:min(int64(len(p)), g.left)])
}

func (l *lane) setField(name, value string) {
	if l.others == nil && name == requestIDHeader && isText(value) {
		l.id = value
		return
	}
	l.header().Set(name, value)
}

func (l *lane) addField(name, value string) { l.header().Add(name, value) }

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

const (
	// headRoom is left before the body of an answer for its head, which is
	// written last. Most have some 170 bytes.
	headRoom = 512

	// maxLaneAnswer keeps one large answer from holding its memory for ever.
	maxLaneAnswer = 1 << 20
)

// laneAnswers are buffers for answers.
var laneAnswers = sync.Pool{New: func() any {
	b := make([]byte, headRoom, 2*headRoom)
	return &b
}}

func (l *lane) answer(status int, body []byte) {
	l.code, l.bare = status, body == nil
	if l.out == nil {
		l.out = laneAnswers.Get().(*[]byte)
	}
	*l.out = append((*l.out)[:headRoom], body...)
}

// bytes returns the answer as it goes out.
func (l *lane) bytes() []byte {
	out := *l.out
	head := out[:0:headRoom] // a longer one goes elsewhere
	if length := len(out) - headRoom; l.others == nil && !l.bare {
		head = l.appendUsualHead(head, length)
	} else {
		head = l.appendHead(head, length)
	}
	if len(head) > headRoom {
		return append(head, out[headRoom:]...)
	}
	start := headRoom - len(head)
	copy(out[start:], head)
	return out[start:]
}

// appendUsualHead writes what appendHead would.
func (l *lane) appendUsualHead(out []byte, length int) []byte {
	if l.code == http.StatusOK {
		out = append(out, "HTTP/1.1 200 OK\r\nDate: "...)
	} else {
		out = append(strconv.AppendInt(append(out, "HTTP/1.1 "...), int64(l.code), 10), ' ')
		out = append(append(out, fasthttp.StatusMessage(l.code)...), "\r\nDate: "...)
	}
	out = l.conn.server.date.append(out, l.start)
	out = append(out, "\r\nContent-Type: "+jsonContentType+"\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(length), 10)
	out = append(out, "\r\n"+requestIDHeader+": "...)
	out = append(out, l.id...)
	if l.closes {
		out = append(out, "\r\nConnection: close"...)
	}
	return append(out, "\r\n\r\n"...)
}

func (l *lane) appendHead(out []byte, length int) []byte {
	header := l.header()
	header.SetStatusCode(l.code)
	header.SetContentLength(length)
	if !l.bare {
		header.SetContentType(jsonContentType)
	}
	if l.closes {
		header.SetConnectionClose()
	}
	l.closes = header.ConnectionClose() // a middleware may have set it
	return header.AppendBytes(out)
}

// send writes the answer. An error ends the connection: fasthttp takes it for the
// client's.
func (l *lane) send(c *conn) error {
	if l.out == nil {
		return io.EOF
	}
	if !l.lost {
		if _, err := c.Write(l.bytes()); err != nil {
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
