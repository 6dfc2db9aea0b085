package connection

import (
	"crypto/tls"
	"net"
	"time"
)

// wire is the socket below TLS. It counts what came, since the beginning of a
// TLS record is nothing yet to whoever reads above.
type wire struct {
	net.Conn
	came int64
	read int64 // came, when something was last read above
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.came += int64(n)
	return n, err
}

// IsTLS reports whether the connection is encrypted.
func (c *Conn) IsTLS() bool { return c.wire != nil }

// TLSState returns the state of TLS; nil: there is no TLS.
func (c *Conn) TLSState() *tls.ConnectionState {
	secured, ok := c.transport.(*tls.Conn)
	if !ok {
		return nil
	}
	state := secured.ConnectionState()
	return &state
}

// socket returns what is below TLS.
func (c *Conn) socket() net.Conn {
	if c.wire != nil {
		return c.wire.Conn
	}
	return c.transport
}

// hasPartOfRecord reports whether part of a TLS record came, on a connection of
// which everything was read that can be.
func (c *Conn) hasPartOfRecord() bool { return c.wire != nil && c.wire.came != c.wire.read }

// noteRecords notes that what came so far was read above TLS.
func (c *Conn) noteRecords() {
	if c.wire != nil {
		c.wire.read = c.wire.came
	}
}

// handshake makes the TLS handshake, within the time of the first head. It
// runs in the connection's own goroutine, so that others are accepted meanwhile.
// A handshake that was interrupted can't be continued, so Interrupt only
// shortens its time.
func (c *Conn) handshake() error {
	c.readLimit = c.readBy
	if err := c.transport.SetDeadline(c.readBy); err != nil {
		return err
	}
	if c.interrupted.Load() {
		c.hurryHandshake()
	}
	err := c.transport.(*tls.Conn).Handshake()
	c.handshaking.Store(false)
	c.noteRecords()
	return err
}

func (c *Conn) hurryHandshake() {
	_ = c.transport.SetReadDeadline(time.Now().Add(c.config.Timeouts.First))
}

// closeWrite tells the client that nothing more comes, and reports whether it
// could be told.
func (c *Conn) closeWrite() bool {
	if secured, ok := c.transport.(*tls.Conn); ok && secured.CloseWrite() != nil {
		return false
	}
	half, ok := c.socket().(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}
