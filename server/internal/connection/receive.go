package connection

import (
	"errors"
	"os"
	"time"
)

// Verdict is what the caller of [Conn.Receive] says of what came.
type Verdict int

const (
	Wait  Verdict = iota // everything is answered: wait for more
	Leave                // something is left: Receive returns Request
	Close                // the connection is to end: Receive returns Ended
)

// Event is how [Conn.Receive] ended.
type Event int

const (
	Request Event = iota // something is buffered that is to be read on
	Idle                 // nothing came for so long that the connection should be parked
	Ended                // no further request will come, or is wanted
)

func (v Verdict) event() Event {
	if v == Leave {
		return Request
	}
	return Ended
}

// Receive waits for requests. Whenever something came it calls answer, which
// may answer requests out of [Conn.Buffered] and consumes those. While answer
// returns Wait, the wait goes on.
//
// Where possible, answer is called within one wait of Go's poller, which spares
// a system call for each request (see poller_linux.go). So answer must not read
// from the connection: for a request that has not come whole it returns Leave.
//
// Where nothing came at all, Receive returns Ended and not an error: who has
// not asked gets no response, since it would be taken for that to a later
// request.
func (c *Conn) Receive(answer func() Verdict) Event {
	if len(c.Buffered()) > 0 {
		if verdict := answer(); verdict != Wait {
			return verdict.event()
		}
	}
	c.busy.Store(false)
	if c.handshaking.Load() && c.handshake() != nil {
		return Ended // who does not speak TLS would not understand a response
	}
	for {
		if c.limitRead(c.wakeBy()) != nil {
			return Ended
		}
		if c.interrupted.Load() { // also where it came since the deadline was set
			return c.receiveLast(answer)
		}
		verdict, err := c.receiveOnce(answer)
		switch {
		case err == nil && verdict != Wait:
			return verdict.event()
		case err == nil || c.interrupted.Load():
			continue
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return Ended
		case c.readLimit.Before(c.wakeBy()): // the deadline of an earlier wait
		case c.parks():
			return Idle
		default:
			return Ended
		}
		if c.setReadLimit(c.wakeBy()) != nil {
			return Ended
		}
	}
}

// receiveOnce waits until something came, and answers it.
func (c *Conn) receiveOnce(answer func() Verdict) (Verdict, error) {
	if c.poller != nil {
		return c.poller.receive(answer)
	}
	n, err := c.transport.Read(c.room())
	if n == 0 {
		return Wait, err
	}
	return c.arrived(n, answer), nil
}

// arrived lets answer look at n more bytes of the buffer.
func (c *Conn) arrived(n int, answer func() Verdict) Verdict {
	c.end += n
	c.noteRead()
	c.busy.Store(true)
	verdict := answer()
	if verdict == Wait {
		c.busy.Store(false)
	}
	return verdict
}

// receiveLast answers what came while the wait was being interrupted, so that a
// request that the client has already sent is not lost.
func (c *Conn) receiveLast(answer func() Verdict) Event {
	for {
		if c.setReadLimit(c.lastMoment()) != nil {
			return Ended
		}
		n, err := c.transport.Read(c.room())
		if n == 0 && c.hasPartOfRecord() && errors.Is(err, os.ErrDeadlineExceeded) {
			_ = c.setReadLimit(time.Now().Add(c.config.Timeouts.First))
			n, _ = c.transport.Read(c.room())
		}
		if n == 0 {
			return Ended
		}
		if verdict := c.arrived(n, answer); verdict != Wait {
			return verdict.event()
		}
	}
}

// lastMoment is until when a request may still come in a drain: a new client has a
// moment more than one that is idle.
func (c *Conn) lastMoment() time.Time {
	end := time.Now().Add(c.config.Timeouts.Last)
	if first := c.accepted.Add(c.config.Timeouts.First); !c.heard && first.After(end) {
		return first
	}
	return end
}

// Read returns what is buffered, or else reads what the client sends.
func (c *Conn) Read(p []byte) (int, error) {
	if buffered := c.Buffered(); len(buffered) > 0 {
		n := copy(p, buffered)
		c.Discard(n)
		return n, nil
	}
	return c.read(p)
}

// read reads more of a request that has begun.
func (c *Conn) read(p []byte) (n int, err error) {
	if c.rate != nil {
		begun := time.Now()
		c.readBy = begun.Add(c.rate.allowed())
		defer func() { c.rate.add(n, time.Since(begun)) }()
	}
	if err := c.limitRead(c.readBy); err != nil {
		return 0, err
	}
	for interrupted := false; ; {
		n, err := c.transport.Read(p)
		switch {
		case n > 0:
			c.noteRead()
			return n, err
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return n, err
		case c.interrupted.Load() && !interrupted: // Interrupt came together with the request
			interrupted = true
		case !c.readLimit.Before(c.readBy):
			return n, err
		}
		if err := c.setReadLimit(c.readBy); err != nil {
			return 0, err
		}
	}
}

// noteRead notes that something came.
func (c *Conn) noteRead() {
	c.heard = true
	c.noteRecords()
}
