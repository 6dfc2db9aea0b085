package server

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"
)

// patience is how long is waited for a client, beyond what [Server] lets set.
type patience struct {
	bodyGrace  time.Duration // without a byte of a body; see bodyRate
	skip       time.Duration // for the rest of a body that nobody wanted
	skipUnsent time.Duration // for all of it, where nothing of it came
	write      time.Duration // for the client to accept the next writeChunk of an answer
	linger     time.Duration // for the next lingerChunk of an unread body
	lingerAll  time.Duration // for all of it
	first      time.Duration // for the first byte of a new connection, when Serve ends
	last       time.Duration // for what an idle one has just sent, when Serve ends
	handshake  time.Duration // for those who connect just when the listener is to be closed
	cancelled  time.Duration // for calls to return once their contexts are cancelled
	header     time.Duration // for a whole head, as Server.HeaderTimeout says
	idle       time.Duration // for the next request, as Server.IdleTimeout says
	park       time.Duration // of these, until the connection gives back its memory
	sweep      time.Duration // from one look at what runs to the next
}

var defaultPatience = patience{
	bodyGrace:  5 * time.Second,
	skip:       250 * time.Millisecond,
	skipUnsent: 20 * time.Millisecond,
	write:      30 * time.Second,
	linger:     500 * time.Millisecond,
	lingerAll:  5 * time.Second,
	first:      500 * time.Millisecond,
	last:       time.Millisecond,
	handshake:  10 * time.Millisecond,
	cancelled:  time.Second,
	park:       250 * time.Millisecond,
	sweep:      time.Second,
}

const (
	writeChunk  = 64 << 10
	lingerChunk = 64 << 10
)

// conn is one client's connection. Its deadlines are its own affair, and not
// fasthttp's: see deadline.go.
type conn struct {
	net.Conn
	server   *Server // nil: there is no lane
	conns    *conns
	patience *patience
	guard    guard
	door     door // of the request that is being answered
	lane     lane
	watch    watch
	call     call
	accepted time.Time
	peer     netip.AddrPort
	client   netip.Prefix // whom it is counted for, if for anyone
	trusted  bool         // the peer is a proxy that is believed
	wire     *wire        // what is below TLS; nil: there is none
	taken    int64        // of TLS: what had come when something was last read
	waiting  *waiting     // nil: requests are waited for as all else is
	arrival  arrival

	deadlines
	lent    bool      // see lend
	rate    *bodyRate // how long the next read may take, while a body is read
	failure error     // of a Read
	parked  bool      // Close is not the end of it

	heard       atomic.Bool // something came
	busy        atomic.Bool // a request is being read or answered
	shaking     atomic.Bool // the TLS handshake is not made yet
	interrupted atomic.Bool // no further request is to be read
	linger      atomic.Bool // part of a request is unread
	within      atomic.Bool // a call runs within the wait for it
}

// receive reads what comes, before the guard has looked at it.
func (c *conn) receive(p []byte) (n int, err error) {
	if c.rate != nil {
		n, err = c.rate.read(c, p)
	} else {
		n, err = c.read(p, c.Conn)
	}
	if n > 0 {
		c.hear()
	}
	return n, err
}

// hear notes that something came.
func (c *conn) hear() {
	c.take()
	if !c.heard.Load() {
		c.heard.Store(true)
	}
}

// read reads from the connection, or from what reads from it, until the deadline.
func (c *conn) read(p []byte, from io.Reader) (int, error) {
	if c.shaking.Load() && c.shake() != nil {
		return 0, io.EOF // who speaks no TLS would not understand an answer
	}
	if err := c.armSooner(c.wakeBy()); err != nil {
		return 0, err
	}
	for resumed := false; ; {
		if c.isInterrupted() { // also since the deadline was armed
			return c.lastRead(p)
		}
		n, err := from.Read(p)
		switch {
		case n > 0 || !errors.Is(err, os.ErrDeadlineExceeded):
			return n, err
		case c.interrupted.Load() && !resumed: // just when a request came
			resumed = true
		case c.armed.Before(c.wakeBy()): // it is that of an earlier wait
		case !c.parks():
			return n, err
		default:
			c.parked = true
			return 0, errParked
		}
		if err := c.arm(c.wakeBy()); err != nil {
			return 0, err
		}
	}
}

// Close ends the connection, unless it is only fasthttp's part with it that ends.
func (c *conn) Close() error {
	if c.parked {
		c.park()
		return nil
	}
	if !c.conns.remove(c) {
		return net.ErrClosed
	}
	if c.linger.Load() && c.closeWrite() {
		c.discardRest()
	}
	return c.Conn.Close()
}

// cut ends the connection from another goroutine than its own. While a call runs
// within the wait for it, Close comes to its end, and the client hears of it, only
// once the function returns: so the client is told before. Elsewhere that would let
// an answer that ends with its connection look whole.
func (c *conn) cut() {
	socket := c.socket()
	if both, ok := socket.(interface {
		CloseRead() error
		CloseWrite() error
	}); ok && c.within.Load() {
		_, _ = both.CloseRead(), both.CloseWrite() // the client may have ended it
	}
	go socket.Close()
}

// discardRest reads on from a connection that is closed over an unread body:
// closed at once, the system would drop the answer together with the
// connection. It is done for a client that is busy sending, and not for one
// that dribbles.
func (c *conn) discardRest() {
	for end := time.Now().Add(c.patience.lingerAll); time.Now().Before(end); {
		_ = c.Conn.SetReadDeadline(time.Now().Add(c.patience.linger))
		if _, err := io.CopyN(io.Discard, c.Conn, lingerChunk); err != nil {
			return
		}
	}
}

// interrupt ends the wait for a further request; one that has begun is read on.
func (c *conn) interrupt() {
	c.interrupted.Store(true)
	if c.shaking.Load() {
		c.hurryHandshake()
		return
	}
	if c.isInterrupted() {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// isInterrupted tells whether the wait has ended. fasthttp takes a new
// connection for a busy one before anything came.
func (c *conn) isInterrupted() bool {
	return c.interrupted.Load() && !(c.busy.Load() && c.heard.Load())
}

// lastRead takes what came while the wait was being interrupted: a request that
// the client has already sent is answered. A new client may need a moment.
func (c *conn) lastRead(p []byte) (int, error) {
	end := time.Now().Add(c.patience.last)
	if first := c.accepted.Add(c.patience.first); !c.heard.Load() && first.After(end) {
		end = first
	}
	if err := c.arm(end); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if n == 0 {
		return c.readBegun(p, err)
	}
	return n, err
}
