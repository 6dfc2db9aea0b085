package connection

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Config has the settings that all connections of a server share. It must not change
// once a connection uses it.
type Config struct {
	Timeouts Timeouts
	TLS      *tls.Config // nil: no TLS
	MaxHead  int         // the size of the largest request head, in bytes; see Conn.Buffered

	buffers sync.Pool // of *[]byte
}

// Conn is one client's connection.
type Conn struct {
	config    *Config
	transport net.Conn // the socket, or TLS over it
	wire      *wire    // the socket below TLS; nil: there is no TLS
	poller    *poller  // nil: Receive reads from transport instead
	watch     watch
	accepted  time.Time
	heard     bool // the client has sent something since it connected or was last parked

	buffer
	deadlines

	busy        atomic.Bool // a request is being read or answered
	interrupted atomic.Bool // set by Interrupt: do not wait for another request
	handshaking atomic.Bool // the TLS handshake has not ended
	lingers     atomic.Bool // set by LingerOnClose
	endsBody    atomic.Bool // set by EndOfBody: the end of the connection ends the body of a response
}

// New returns a Conn for a connection that a listener has accepted. Its first byte must
// come within Timeouts.Idle from now. With TLS that is the first one of the handshake,
// which with the head of the first request then has Timeouts.Header; where
// [Conn.CanPark] is false, it has that from now.
func New(accepted net.Conn, config *Config) *Conn {
	c := &Conn{config: config, transport: accepted, accepted: time.Now()}
	if config.TLS != nil {
		c.wire = &wire{Conn: accepted}
		c.transport = tls.Server(c.wire, config.TLS)
		c.handshaking.Store(true)
	}
	c.poller = newPoller(c)
	if c.AwaitRequest(c.accepted); c.handshaking.Load() && !c.CanPark() {
		c.AwaitHead(c.accepted)
	}
	return c
}

// RemoteAddr returns the address of the client, or of the proxy in front of it.
func (c *Conn) RemoteAddr() net.Addr { return c.transport.RemoteAddr() }

// Transport returns the net.Conn that requests are read from and responses are written
// to: the socket, or TLS over it.
func (c *Conn) Transport() net.Conn { return c.transport }

// LingerOnClose makes Close read and discard what the client still sends, for a limited
// time, before it closes. It is for a connection that is closed although part of a
// request is unread.
func (c *Conn) LingerOnClose() { c.lingers.Store(true) }

// Close ends the connection. It is called by the goroutine that serves it.
func (c *Conn) Close() error {
	if c.lingers.Load() && c.closeWrite() {
		c.discardRest()
	}
	return c.transport.Close()
}

// discardRest reads and discards what the client still sends. Without it, the system
// would reset a connection that is closed with unread data, and the client could lose
// the response (RFC 9112, section 9.6). Each lingerChunk must come within
// Timeouts.Linger and everything within Timeouts.LingerAll, so that a client that sends
// slowly can't keep the connection open.
func (c *Conn) discardRest() {
	for end := time.Now().Add(c.config.Timeouts.LingerAll); time.Now().Before(end); {
		_ = c.transport.SetReadDeadline(time.Now().Add(c.config.Timeouts.Linger))
		if _, err := io.CopyN(io.Discard, c.transport, lingerChunk); err != nil {
			return
		}
	}
}

// Interrupt ends the wait for another request. A request that has already begun is
// still read and answered. Any goroutine may call it.
func (c *Conn) Interrupt() {
	c.interrupted.Store(true)
	switch {
	case c.handshaking.Load():
		c.hurryHandshake()
	case !c.busy.Load():
		_ = c.transport.SetReadDeadline(time.Unix(1, 0))
	}
}

// Cut closes the connection at once, also while a request is read or answered. Any
// goroutine may call it, and it does not block.
//
// Go closes a socket only when no read of it is running, and a request that is answered
// within [Conn.Receive] is answered inside such a read. So Cut first shuts both
// directions down, which takes effect at once. It skips that where the client would take
// it for the end of a response's body: see [Conn.EndOfBody].
func (c *Conn) Cut() {
	socket := c.socket()
	if half, ok := socket.(halfCloser); ok && !c.endsBody.Load() {
		_, _ = half.CloseRead(), half.CloseWrite() // they fail where the client has already ended the connection
	}
	go socket.Close()
}

type halfCloser interface {
	CloseRead() error
	CloseWrite() error
}

// EndOfBody is for a response whose body ends where the connection ends, as in HTTP/1.0
// without a Content-Length. It is called before any of the body is written. From then on
// a TCP connection that is closed is reset, so that the client can't take part of the
// body for all of it. end(true) says that all of the body was written: Close then closes
// the connection normally. end(false) resets it at once.
func (c *Conn) EndOfBody() (end func(whole bool)) {
	c.endsBody.Store(true)
	tcp, ok := c.socket().(*net.TCPConn)
	if !ok {
		return func(bool) {}
	}
	_ = tcp.SetLinger(0) // SO_LINGER of 0: closing the socket resets the connection, also where the process dies
	return func(whole bool) {
		if whole {
			_ = tcp.SetLinger(-1)
			return
		}
		_ = tcp.Close() // not the transport: the close_notify of TLS would say that the body is complete
	}
}
