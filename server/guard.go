package server

import (
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/apiphant/apiphant"
)

// guard stands between a connection and fasthttp. It follows the requests that
// come, byte for byte, and passes on only what no two servers read in two ways.
// The first violation ends the connection: nothing that came after it is ever
// parsed. See docs/adr/0010-header-guard.md.
//
// A head is passed on once it is whole and right. Until then fasthttp gets one
// byte, which is enough for its time-outs and its answers.
type guard struct {
	in     part
	left   int64              // of the body or the chunk, in bytes; the size of the chunk as far as it came
	count  int                // of what is bounded in this part
	name   [maxForbidden]byte // of the trailer field, in lower case, as far as it came
	named  int
	held   []byte // a head as far as it came
	given  bool   // fasthttp has got one byte of the head, or of what is refused
	names  names  // of all header fields that came in the connection
	last   head   // that was passed on
	heads  int    // that were passed on by the last admit
	unsent bool   // a head was passed on, and nothing came of its body
	refuse error  // what fasthttp reads from now on
}

// part is what the next byte belongs to.
type part uint8

const (
	partHead    part = iota
	partRefused      // in the middle of a request
	partBody
	partSize // of a chunk
	partExtension
	partExtensionName
	partExtensionAssign // white space before "=" or the next ";"
	partExtensionValue
	partExtensionToken
	partExtensionQuoted
	partExtensionEscaped
	partExtensionEnd  // after the quotes
	partExtensionNext // white space before the next ";"
	partSizeLF
	partData
	partDataCR
	partDataLF
	partTrailer // at the beginning of one of its lines
	partEndLF
	partFieldName // of the trailer
	partFieldValue
	partFieldLF
)

// malformed is what the guard has against a request, and the status that it is
// answered with.
type malformed struct {
	status int
	reason string
}

func (m *malformed) Error() string { return m.reason }

func bad(reason string) error { return &malformed{http.StatusBadRequest, reason} }

// errNoRequest ends the wait for a request of which nothing came, for whatever
// reason: who has not asked gets no answer, which would be taken for that to a
// later request.
var errNoRequest = io.EOF

// Read passes on what came, as far as the guard lets it.
func (c *conn) Read(p []byte) (n int, err error) {
	if c.lends() {
		return c.lend(p), nil
	}
	if n, err = c.guardedRead(p); err != nil {
		c.failure = err
	}
	if n > 0 && !c.busy.Load() { // fasthttp tells so only where it has seen the request before
		c.busy.Store(true)
	}
	return n, err
}

func (c *conn) guardedRead(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		if g := &c.guard; g.refuse != nil || len(g.held) > 0 {
			n, err = c.readHeld(p)
		} else {
			n, err = c.readNext(p)
		}
	}
	return n, err
}

// readNext reads straight into p, where nothing is held. Like readHeld, it may
// return neither bytes nor an error.
func (c *conn) readNext(p []byte) (int, error) {
	if c.guard.in == partHead && !(c.busy.Load() && c.heard.Load()) {
		return c.readFirst(p)
	}
	n, err := c.receive(p)
	if n == 0 {
		return 0, err
	}
	kept, used := c.guard.admit(p[:n])
	c.guard.hold(p[used:n])
	return kept, nil
}

// arrival is what came where a request begins, as the guard sees it.
type arrival struct {
	known      bool
	kept, used int            // as admit says
	match      apiphant.Match // of a call for the lane
}

// readFirst is readNext where a request begins.
func (c *conn) readFirst(p []byte) (int, error) {
	c.arrival.known = false
	var from io.Reader = c.Conn
	if c.waiting != nil {
		from = c.waiting
	}
	n, _ := c.read(p, from)
	if n == 0 {
		return 0, errNoRequest
	}
	if !c.arrival.known {
		c.look(p[:n])
	}
	if c.arrival.match.Endpoint != nil {
		return 0, c.serveCall(c.arrival.match, p[:n])
	}
	c.guard.hold(p[c.arrival.used:n])
	return c.arrival.kept, nil
}

// look has the guard look at what came where a request begins.
func (c *conn) look(came []byte) {
	c.hear()
	c.arrival = arrival{known: true}
	a := &c.arrival
	if a.kept, a.used = c.guard.admit(came); a.kept == len(came) {
		a.match = c.forLane()
	}
}

// readHeld reads on where the beginning of a head came, or what is refused.
func (c *conn) readHeld(p []byte) (int, error) {
	g := &c.guard
	limit := max(len(p), len("\r\n")) // fasthttp reads heads with all of its buffer, or their first byte alone
	switch {
	case g.refuse != nil && (g.given || g.in == partRefused):
		return 0, g.refuse
	case g.refuse != nil:
		g.given = true
		return copy(p, "!"), nil // fasthttp answers nothing to those who sent nothing
	case g.given:
		limit++
	case g.held[0] != '\r': // the end of an empty line before the head
		if g.given = true; !c.busy.Load() {
			c.awaitHead(time.Now())
		}
		return copy(p, g.held[:1]), nil
	}
	if len(g.held) >= limit {
		g.refuse = &malformed{http.StatusRequestHeaderFieldsTooLarge, "head too large"}
		return 0, nil
	}
	g.held = slices.Grow(g.held, min(limit-len(g.held), smallHead))
	n, err := c.receive(g.held[len(g.held):min(cap(g.held), limit)])
	switch {
	case n == 0 && !g.given:
		return 0, errNoRequest
	case n == 0:
		return 0, err
	}
	return g.release(p, g.held[:len(g.held)+n]), nil
}

// smallHead is what is allocated at a time for a head that comes in pieces.
const smallHead = 512

// release passes on what is whole of came, and holds the rest.
func (g *guard) release(p, came []byte) (n int) {
	kept, used := g.admit(came)
	if kept > 0 {
		if g.given {
			came, kept, used = came[1:], kept-1, used-1
		}
		g.given = false
		n = copy(p, came[:kept])
	}
	if g.held = append(g.held[:0], came[used:]...); len(g.held) == 0 {
		g.held = nil
	}
	return n
}

// hold keeps what came of a head that is not whole, unless nothing more is read.
func (g *guard) hold(came []byte) {
	if g.refuse == nil {
		g.held = append(g.held, came...)
	}
}

// admit follows b and returns how much of it was looked at, and how much of that
// goes on to fasthttp: that is moved to b's beginning. What was not looked at is
// the beginning of a head, or refused.
func (g *guard) admit(b []byte) (kept, used int) {
	g.heads = 0
	for used < len(b) && g.refuse == nil {
		n, drop := g.next(b[used:])
		if n == 0 {
			break
		}
		if !drop {
			if kept != used {
				copy(b[kept:], b[used:used+n])
			}
			kept += n
		}
		used += n
	}
	return kept, used
}

// next follows the beginning of b, as far as it belongs together.
func (g *guard) next(b []byte) (n int, drop bool) {
	g.unsent = false
	switch {
	case g.in == partHead && b[0] == '\r':
		return g.emptyLine(b), true
	case g.in == partHead:
		return g.head(b), false
	case g.in == partBody:
		n = int(min(g.left, int64(len(b))))
		if g.left -= int64(n); g.left == 0 {
			g.in = partHead
		}
		return n, false
	case g.in >= partFieldName || g.in == partTrailer && is[b[0]]&token != 0:
		n, drop = g.trailerFields(b), true // RFC 9110, 6.5.1: fasthttp would make header fields of them
	default:
		n = g.chunked(b)
	}
	if g.refuse != nil {
		g.in = partRefused
	}
	return n, drop
}

// emptyLine skips what some clients send after a body: RFC 9112, 2.2.
func (g *guard) emptyLine(b []byte) int {
	switch {
	case len(b) == 1:
		return 0
	case b[1] != '\n':
		g.refuse = bad("CR alone before the request line")
		return 0
	}
	return len("\r\n")
}

// head looks at a whole head; it returns 0 where it isn't whole.
func (g *guard) head(b []byte) int {
	h := &g.last
	*h = head{length: -1}
	n, err := h.read(b)
	switch {
	case err != nil:
		g.refuse = err
		return 0
	case n == 0:
		return 0
	case h.chunked:
		g.in, g.left, g.count = partSize, 0, 0
	case h.length > 0:
		g.in, g.left = partBody, h.length
	}
	g.heads++
	h.size = n
	g.names |= h.names
	g.unsent = g.in != partHead && n == len(b)
	return n
}
