package server

import (
	"net/http"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
	"github.com/apiphant/apiphant/server/internal/http1"
)

// answerWholeCalls answers the JSON calls that came whole. It is called while
// the connection waits for requests: see [connection.Conn.Receive].
func (c *conn) answerWholeCalls() connection.Verdict {
	for {
		began, err := c.parseHead()
		switch {
		case !began:
			return connection.Wait
		case err != nil || c.head.Size == 0 || !c.isJSON() || !c.isWhole():
			return connection.Leave
		case !c.answerJSON():
			return connection.Close
		}
	}
}

// answerNext reads a request on that began to come, answers it, and reports
// whether the connection can have another one.
func (c *conn) answerNext() (again bool) {
	if err := c.readHead(); err != nil {
		c.answerUnreadable(err)
		return false
	}
	if c.isJSON() {
		return c.answerJSON()
	}
	return c.answerByFasthttp()
}

// readHead reads the head of a request that began to come.
func (c *conn) readHead() error {
	if c.head.Size > 0 {
		return nil // it came whole
	}
	c.AwaitHead(time.Now())
	for {
		if _, err := c.parseHead(); err != nil || c.head.Size > 0 {
			return err
		}
		if err := c.Fill(); err != nil {
			return err
		}
	}
}

// parseHead parses the head of the next request, as far as it came, and reports
// whether a request began. The head is whole where head.Size is not 0.
func (c *conn) parseHead() (began bool, err error) {
	c.Discard(http1.EmptyLines(c.Buffered()))
	b := c.Buffered()
	if len(b) == 0 || string(b) == "\r" { // which may become an empty line
		return false, nil
	}
	most := c.server.config.MaxHead
	size, err := c.head.Parse(b[:min(len(b), most)])
	switch {
	case size > 0:
		c.match = c.server.API.Find(c.head.Method, c.head.Target)
	case err == nil && len(b) >= most:
		err = http1.ErrHeadTooLarge
	}
	return true, err
}

// isJSON reports whether the request is answered here, with a JSON body or none,
// and by fasthttp otherwise.
func (c *conn) isJSON() bool {
	h, e := &c.head, c.match.Endpoint
	return !h.Special && !h.HTTP10 && string(h.Method) != http.MethodHead && (e == nil || !e.RawRequest && !e.Files && !e.Streams)
}

// isWhole reports whether a request whose head came has come with all of its body.
func (c *conn) isWhole() bool {
	return !c.head.Chunked && int64(len(c.Buffered())-c.head.Size) >= c.head.Length
}

// answerUnreadable answers a request whose head is invalid or did not come whole.
func (c *conn) answerUnreadable(err error) {
	c.head, c.match = http1.Head{}, apiphant.Match{}
	d := c.openDoor(&c.json)
	c.json = jsonResponse{conn: c, start: d.start}
	c.server.API.Refuse(c.server.base, d, readError(err))
	d.endUnread()
	c.json.send()
}
