package connection

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what all connections of a server have in common. It must not change
// once a connection uses it.
type Config struct {
	Timeouts Timeouts
	TLS      *tls.Config // nil: no TLS
	MaxHead  int         // bytes of a head; see Conn.Buffered

	buffers sync.Pool // of *[]byte
}

// Conn is one client's connection.
type Conn struct {
	config    *Config
	transport net.Conn // the socket, or TLS over it
	wire      *wire    // the socket below TLS; nil: there is no TLS
	poller    *poller  // nil: the transport itself is waited for
	watch     watch
	accepted  time.Time
	heard     bool // something came

	buffer
	deadlines

	busy        atomic.Bool // a request is being read or answered
	interrupted atomic.Bool // no further request is to be waited for
	handshaking atomic.Bool // the TLS handshake is still to be made
	lingers     atomic.Bool // part of a request is unread
	endsBody    atomic.Bool // the end of the connection is the end of a response
}

// New returns the connection of a client that has been accepted. The time for
// its first request begins.
func New(accepted net.Conn, config *Config) *Conn {
	c := &Conn{config: config, transport: accepted, accepted: time.Now()}
	if config.TLS != nil {
		c.wire = &wire{Conn: accepted}
		c.transport = tls.Server(c.wire, config.TLS)
		c.handshaking.Store(true)
	}
	c.poller = newPoller(c)
	c.AwaitHead(c.accepted)
	return c
}

// RemoteAddr returns the address of the client, or of the proxy in front of it.
func (c *Conn) RemoteAddr() net.Addr { return c.transport.RemoteAddr() }

// Transport returns what the connection reads from and writes to.
func (c *Conn) Transport() net.Conn { return c.transport }

// LingerOnClose makes Close wait for what the client still sends. It is for a
// connection that is closed although part of a request is unread.
func (c *Conn) LingerOnClose() { c.lingers.Store(true) }

// Close ends the connection. It is called by the goroutine that serves it.
func (c *Conn) Close() error {
	if c.lingers.Load() && c.closeWrite() {
		c.discardRest()
	}
	return c.transport.Close()
}

// discardRest reads on from a connection that is closed over an unread body.
// Without that, the system would drop the response together with the
// connection. It goes on for a client that is busy sending, and not for one
// that sends a byte now and then.
func (c *Conn) discardRest() {
	for end := time.Now().Add(c.config.Timeouts.LingerAll); time.Now().Before(end); {
		_ = c.transport.SetReadDeadline(time.Now().Add(c.config.Timeouts.Linger))
		if _, err := io.CopyN(io.Discard, c.transport, lingerChunk); err != nil {
			return
		}
	}
}

// Interrupt ends the wait for a further request. A request that has begun is
// read and answered. Any goroutine may call it.
func (c *Conn) Interrupt() {
	c.interrupted.Store(true)
	switch {
	case c.handshaking.Load():
		c.hurryHandshake()
	case !c.busy.Load():
		_ = c.transport.SetReadDeadline(time.Unix(1, 0))
	}
}

// Cut ends the connection whatever it is doing. Any goroutine may call it, and
// it does not block.
//
// Closing a socket takes effect once nobody reads from it, and a call that is
// answered within [Conn.Receive] counts as reading. So the socket is shut down
// first, except where the client would take that for the end of a body.
func (c *Conn) Cut() {
	socket := c.socket()
	if half, ok := socket.(halfCloser); ok && !c.endsBody.Load() {
		_, _ = half.CloseRead(), half.CloseWrite() // the client may have ended it already
	}
	go socket.Close()
}

type halfCloser interface {
	CloseRead() error
	CloseWrite() error
}

// EndOfBody says that the connection will end the body of a response, as in
// HTTP/1.0. From then on, whoever closes the connection resets it, so that the
// client can't take a part of the body for the whole. Once all of the body was
// written, end(true) lets Close end the connection in order. end(false) resets it.
func (c *Conn) EndOfBody() (end func(whole bool)) {
	c.endsBody.Store(true)
	tcp, ok := c.socket().(*net.TCPConn)
	if !ok {
		return func(bool) {}
	}
	_ = tcp.SetLinger(0) // the system resets the connection, too, where the process dies
	return func(whole bool) {
		if whole {
			_ = tcp.SetLinger(-1)
			return
		}
		_ = tcp.Close() // and not TLS, which would say that all was sent
	}
}
