package connection

import "time"

// deadlines are until when a connection waits for its client. The system is
// given one only where it would otherwise wait too long: that costs a timer, and
// nearly all waits are short. For the same reason the clock is read when a
// request begins and when it ends, and not for each wait.
type deadlines struct {
	clock      time.Time // when it was read last: right before a write, at least
	readBy     time.Time // when what is waited for has to be there
	readLimit  time.Time // the deadline that the system has for reading; zero: none
	writeLimit time.Time // the one that it has for writing
	rate       *Rate     // of the body that is being read; nil: none is
}

// AwaitRequest begins the time for the first byte of the next request.
func (c *Conn) AwaitRequest(now time.Time) {
	c.clock, c.readBy = now, now.Add(c.config.Timeouts.Idle)
}

// AwaitHead begins the time for a head, or for a TLS handshake with a head, of which
// some is there.
func (c *Conn) AwaitHead(now time.Time) {
	c.clock, c.readBy = now, now.Add(c.config.Timeouts.Header)
}

// LimitRate bounds from now on how long the client may take to send a body;
// nil ends that.
func (c *Conn) LimitRate(rate *Rate) { c.rate = rate }

// SetClock says what time it is. The time for a write begins then.
func (c *Conn) SetClock(now time.Time) { c.clock = now }

// wakeBy is until when Receive waits: for the deadline, or for parking.
func (c *Conn) wakeBy() time.Time {
	if c.parks() {
		return c.readBy.Add(c.config.Timeouts.Park - c.config.Timeouts.Idle)
	}
	return c.readBy
}

// limitRead makes reads end by a time. The system may have an earlier deadline:
// waits that long are rare, and then it is given a new one.
func (c *Conn) limitRead(by time.Time) error {
	if c.readLimit.After(by) || c.readLimit.IsZero() && !by.IsZero() {
		return c.setReadLimit(by)
	}
	return nil
}

func (c *Conn) setReadLimit(by time.Time) error {
	c.readLimit = by
	return c.transport.SetReadDeadline(by)
}

func (c *Conn) setWriteLimit(by time.Time) error {
	c.writeLimit = by
	return c.transport.SetWriteDeadline(by)
}
