package connection

import (
	"errors"
	"os"
	"time"
)

// Write sends p. Its time depends on what is sent: a large response may take
// long, as long as the client accepts a writeChunk within the write time-out.
// That begins at the time of the last SetClock, AwaitRequest or AwaitHead. The
// deadline that the system has may be earlier by up to half of the time-out.
func (c *Conn) Write(p []byte) (written int, err error) {
	if c.IsTLS() {
		return c.writeChunks(p)
	}
	timeouts := &c.config.Timeouts
	by := c.clock.Add(timeouts.Write)
	if c.writeLimit.Before(by.Add(-timeouts.Write / 2)) {
		if err := c.setWriteLimit(by); err != nil {
			return 0, err
		}
	}
	late := false
	for accepted := 0; ; {
		n, err := c.transport.Write(p[written:])
		written += n
		accepted += n
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		switch now := time.Now(); {
		case now.Before(by):
		case accepted >= writeChunk, late && accepted > 0:
			by, late, accepted = now.Add(timeouts.Write), false, 0
		case written == 0 && !late: // the deadline may have passed before the client was tried
			by, late = now.Add(timeouts.Last), true
		default:
			return written, err
		}
		if err := c.setWriteLimit(by); err != nil {
			return written, err
		}
	}
}

// writeChunks is Write for TLS, where a time-out is the end: TLS can't go on in
// the middle of a record.
func (c *Conn) writeChunks(p []byte) (written int, err error) {
	for {
		chunk := p[written:min(len(p), written+writeChunk)]
		if err := c.transport.SetWriteDeadline(time.Now().Add(c.config.Timeouts.Write)); err != nil {
			return written, err
		}
		n, err := c.transport.Write(chunk)
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}
