package server

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// errParked ends fasthttp's wait for a further request.
var errParked = errors.New("the connection is parked")

// parks tells whether the connection, which is to wait, is to be parked after a
// while: not when what it waits for is the rest of a request, or its first one.
func (c *conn) parks() bool {
	return canPeek && !c.busy.Load() && c.heard.Load() && c.guard.in == partHead && len(c.guard.held) == 0 && !c.recordBegan() && c.patience.park < c.patience.idle
}

// park takes an idle connection over from fasthttp, which has ended its part
// with it and given back the memory for it, a stack of its own and the buffers,
// some 20 KB: what waits for the next request needs a few hundred bytes.
func (c *conn) park() {
	c.parked = false
	c.door, c.lane, c.guard.last = door{}, lane{}, head{} // they hold what fasthttp took back
	c.failure = nil                                       // that it is parked
	c.conns.parked.Add(1)
	go func() {
		more := c.waitForMore()
		c.conns.parked.Add(-1)
		if more {
			c.heard.Store(false) // below TLS, what came need be no request: it is like a new one
			c.awaitHead(time.Now())
			c.conns.serve(c)
			return
		}
		c.Close()
	}()
}

// waitForMore tells whether something came before the deadline of idle
// connections, or, when Serve ends, as good as at once.
func (c *conn) waitForMore() bool {
	system, ok := c.socket().(syscall.Conn)
	if !ok || c.arm(c.readBy) != nil {
		return false
	}
	socket, err := system.SyscallConn()
	if err != nil {
		return false
	}
	if !c.interrupted.Load() { // also since the deadline was set
		more, err := waitReadable(socket)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || !c.interrupted.Load() {
			return more
		}
	}
	_ = c.arm(time.Now().Add(c.patience.last))
	more, _ := waitReadable(socket)
	return more
}
