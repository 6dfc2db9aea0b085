package connection

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// parks reports whether the connection is to be parked after a while: not before
// its first request, and not where something of the next one is there.
func (c *Conn) parks() bool {
	return canPeek && c.heard && c.start == c.end && !c.hasPartOfRecord() && c.config.Timeouts.Park < c.config.Timeouts.Idle
}

// Parked waits for something to read from a connection whose [Conn.Receive]
// returned Idle, and reports whether there is. Its caller should be a new
// goroutine, and should have called Release: an idle connection then needs a
// few hundred bytes in place of some 20 KB.
//
// It waits until the deadline of idle connections. When the server drains, it
// returns at once.
func (c *Conn) Parked() bool {
	if !c.awaitReadable() {
		return false
	}
	c.heard = false // what came below TLS may not be a request: it is like a new connection
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
	_ = c.setReadLimit(time.Now().Add(c.config.Timeouts.Last))
	more, _ := waitReadable(socket)
	return more
}
