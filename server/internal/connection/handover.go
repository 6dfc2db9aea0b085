package connection

import (
	"bytes"
	"net"
	"time"
)

// HandOver takes the connection out of Go's deadlines, and returns it with what was
// received and not consumed. From then on only Cut and Release may be called.
func (c *Conn) HandOver() (transport net.Conn, unread []byte, err error) {
	unread = bytes.Clone(c.Buffered())
	c.Discard(len(unread))
	return c.transport, unread, c.transport.SetDeadline(time.Time{})
}
