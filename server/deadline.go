package server

import (
	"errors"
	"os"
	"time"
)

// deadlines are until when a connection waits for its client. They are kept here
// and given to the system only where it would wait longer than it may: that costs
// a timer, and nearly all waits are short. For the same reason the clock is read
// when a request begins and when it ends, and not for each wait.
type deadlines struct {
	clock  time.Time // when it was last looked at: right before a write, at least
	readBy time.Time // when what is waited for has to be there
	armed  time.Time // what the system has for reading; zero: nothing
	writes time.Time // what it has for writing
}

// awaitRequest begins the wait for a further request.
func (c *conn) awaitRequest(now time.Time) {
	c.clock, c.readBy = now, now.Add(c.patience.idle)
}

// awaitHead begins the wait for a head of which the beginning is there, or for
// the first one.
func (c *conn) awaitHead(now time.Time) {
	c.clock, c.readBy = now, now.Add(c.patience.header)
}

// wakeBy is until when it is read: the deadline, or until the connection is parked.
func (c *conn) wakeBy() time.Time {
	if c.parks() {
		return c.readBy.Add(c.patience.park - c.patience.idle)
	}
	return c.readBy
}

// armSooner arms where what the system has comes too late.
func (c *conn) armSooner(deadline time.Time) error {
	if c.armed.After(deadline) || c.armed.IsZero() && !deadline.IsZero() {
		return c.arm(deadline)
	}
	return nil
}

// arm gives a deadline for reading to the system. What that has already is left
// there as long as it comes sooner than what is wanted: waits that long are rare,
// and then it is armed anew.
func (c *conn) arm(deadline time.Time) error {
	c.armed = deadline
	return c.Conn.SetReadDeadline(deadline)
}

// SetDeadline is for fasthttp, which takes away the deadlines of a connection that
// it leaves to others: it has set none, and the connection keeps its own.
func (c *conn) SetDeadline(time.Time) error { return nil }

func (c *conn) armWrite(deadline time.Time) error {
	c.writes = deadline
	return c.Conn.SetWriteDeadline(deadline)
}

// Write bounds the time by what is written: a large answer may take long, as
// long as the client goes on accepting a writeChunk in the time that it has for
// that. The deadline that the system has may be an earlier one, by half of that
// time at most.
func (c *conn) Write(p []byte) (written int, err error) {
	if c.isTLS() {
		return c.writeChunks(p)
	}
	by := c.clock.Add(c.patience.write)
	if c.writes.Before(by.Add(-c.patience.write / 2)) {
		if err := c.armWrite(by); err != nil {
			return 0, err
		}
	}
	late := false
	for accepted := 0; ; {
		n, err := c.Conn.Write(p[written:])
		written += n
		accepted += n
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		switch now := time.Now(); {
		case now.Before(by):
		case accepted >= writeChunk, late && accepted > 0:
			by, late, accepted = now.Add(c.patience.write), false, 0
		case written == 0 && !late: // it may have passed before the client was tried
			by, late = now.Add(c.patience.last), true
		default:
			return written, err
		}
		if err := c.armWrite(by); err != nil {
			return written, err
		}
	}
}

// writeChunks is Write where a time-out is the end of it: TLS can't go on in the
// middle of a record.
func (c *conn) writeChunks(p []byte) (written int, err error) {
	for {
		chunk := p[written:min(len(p), written+writeChunk)]
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.patience.write)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(chunk)
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}
