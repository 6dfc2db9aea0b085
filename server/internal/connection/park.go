package connection

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// CanPark reports whether [Conn.Parked] can wait for the client: the connection is one
// of a socket, on a system that can tell that there is something to read.
func (c *Conn) CanPark() bool {
	_, ok := c.socket().(syscall.Conn)
	return canPeek && ok
}

// parks reports whether the connection is to be parked after a while: not before
// its first request, and not where something of the next one is there.
func (c *Conn) parks() bool {
	return c.heard && c.CanPark() && c.start == c.end && !c.hasPartOfRecord() && c.config.Timeouts.Park < c.config.Timeouts.Idle
}

// Parked waits for something to read from a connection that is new, or whose
// [Conn.Receive] returned Idle, and reports whether there is. Its caller should be a
// new goroutine, and should have called Release: a connection then needs the stack of
// that goroutine in place of some 20 KB. [Conn.CanPark] must be true.
//
// It waits until the deadline of idle connections. When the server drains, it
// returns at once, or for a new client after Timeouts.First.
func (c *Conn) Parked() bool {
	if !c.awaitReadable() {
		return false
	}
	c.heard = false // what came below TLS may not be a request
	c.AwaitHead(time.Now())
	return true
}

func (c *Conn) awaitReadable() bool {
	system, ok := c.socket().(syscall.Conn)
	if !ok || c.setReadLimit(c.readBy) != nil {
		return false
	}
	socket, err := system.SyscallConn()
	if err != nil {
		return false
	}
	if !c.interrupted.Load() { // also where it came since the deadline was set
		more, err := waitReadable(socket)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || !c.interrupted.Load() {
			return more
		}
	}
	_ = c.setReadLimit(c.lastMoment())
	more, _ := waitReadable(socket)
	return more
}
