package server

import (
	"net/http"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant/server/internal/http1"
)

// answerJSON answers a request whose head came and whose response is JSON or
// nothing. It reports whether the connection can have another request.
func (c *conn) answerJSON() (again bool) {
	c.Keep(c.head.Size)
	c.body.Open(&c.head, c)
	d := c.openDoor(&c.json)
	c.json = jsonResponse{conn: c, start: d.start}
	switch {
	case d.isHealthCheck():
		d.answerHealth()
	case !d.mayServe():
		c.server.API.Refuse(c.server.base, d, d.overloaded())
	default:
		c.server.API.Serve(c.server.base, c.match, d)
	}
	d.finish()
	again = c.json.send()
	d.releaseAnswer()
	c.Free()
	return again
}

// jsonResponse is a response that is written here. Its head comes last, into
// room that was left for it, so that head and body go out in one write.
type jsonResponse struct {
	conn  *conn
	start time.Time // of the request, for the Date

	id     string                   // X-Request-Id
	header *fasthttp.ResponseHeader // all fields, where there are others than most responses have; else nil
	out    *[]byte                  // room for the head, and the body; nil: there is no response yet
	large  []byte                   // the body, where it is too large to be copied to out; else nil
	noBody bool
	code   int
	closes bool // the connection, after the response
	lost   bool // no response goes out, and the connection is closed
}

// jsonContentType is the Content-Type of all but raw responses.
const jsonContentType = "application/json"

func (r *jsonResponse) setField(name, value string) {
	if r.header == nil && name == requestIDHeader && http1.IsFieldValue(value) {
		r.id = value
		return
	}
	r.fullHeader().Set(name, value)
}

func (r *jsonResponse) addField(name, value string) { r.fullHeader().Add(name, value) }

// fullHeader is for responses that have other fields than most.
func (r *jsonResponse) fullHeader() *fasthttp.ResponseHeader {
	if r.header == nil {
		r.header = &fasthttp.ResponseHeader{}
		r.header.SetNoDefaultContentType(true)
		if r.id != "" {
			r.header.Set(requestIDHeader, r.id)
		}
	}
	return r.header
}

func (r *jsonResponse) field(name string) []byte {
	switch {
	case r.header != nil:
		return r.header.Peek(name)
	case name == requestIDHeader:
		return unsafe.Slice(unsafe.StringData(r.id), len(r.id))
	}
	return nil
}

func (r *jsonResponse) status() int { return r.code }
func (r *jsonResponse) closeAfter() { r.closes = true }
func (r *jsonResponse) abandon()    { r.lost = true }

const (
	// headRoom is left before the body for the head. Most heads have some 170 bytes.
	headRoom = 512

	// maxPooledResponse keeps one large response from holding its memory for ever. A
	// larger body is not copied: see [apiphant.Door].
	maxPooledResponse = 1 << 20
)

var responseBuffers = sync.Pool{New: func() any {
	b := make([]byte, headRoom, 2*headRoom)
	return &b
}}

func (r *jsonResponse) set(status int, body []byte) {
	r.code, r.noBody = status, body == nil
	if r.out == nil {
		r.out = responseBuffers.Get().(*[]byte)
	}
	if r.large = nil; len(body) > maxPooledResponse {
		r.large, body = body, nil
	}
	*r.out = append((*r.out)[:headRoom], body...)
}

// send writes the response, and reports whether the connection can have another
// request.
func (r *jsonResponse) send() (again bool) {
	if r.out == nil {
		return false
	}
	if !r.lost {
		_, err := r.conn.Write(r.bytes())
		if err == nil && r.large != nil {
			_, err = r.conn.Write(r.large)
		}
		r.lost = err != nil
	}
	if cap(*r.out) <= maxPooledResponse {
		responseBuffers.Put(r.out)
	}
	r.out, r.large = nil, nil
	return !r.lost && !r.closes
}

// bytes returns the response as it goes out, before a large body.
func (r *jsonResponse) bytes() []byte {
	out := *r.out
	head := out[:0:headRoom] // a head that does not fit is allocated
	if length := len(out) - headRoom + len(r.large); r.header == nil && !r.noBody {
		head = r.appendUsualHead(head, length)
	} else {
		head = r.appendFullHead(head, length)
	}
	if len(head) > headRoom {
		return append(head, out[headRoom:]...)
	}
	start := headRoom - len(head)
	copy(out[start:], head)
	return out[start:]
}

// appendUsualHead appends what appendFullHead would, faster.
func (r *jsonResponse) appendUsualHead(out []byte, length int) []byte {
	if r.code == http.StatusOK {
		out = append(out, "HTTP/1.1 200 OK\r\nDate: "...)
	} else {
		out = append(strconv.AppendInt(append(out, "HTTP/1.1 "...), int64(r.code), 10), ' ')
		out = append(append(out, fasthttp.StatusMessage(r.code)...), "\r\nDate: "...)
	}
	out = r.conn.server.date.append(out, r.start)
	out = append(out, "\r\nContent-Type: "+jsonContentType+"\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(length), 10)
	if r.id != "" {
		out = append(append(out, "\r\n"+requestIDHeader+": "...), r.id...)
	}
	if r.closes {
		out = append(out, "\r\nConnection: close"...)
	}
	return append(out, "\r\n\r\n"...)
}

func (r *jsonResponse) appendFullHead(out []byte, length int) []byte {
	header := r.fullHeader()
	header.SetStatusCode(r.code)
	header.SetContentLength(length)
	if !r.noBody {
		header.SetContentType(jsonContentType)
	}
	if r.closes {
		header.SetConnectionClose()
	}
	r.closes = header.ConnectionClose() // a middleware may have set it
	return header.AppendBytes(out)
}
