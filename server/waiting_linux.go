package server

import (
	"io"
	"net"
	"os"
	"syscall"
)

// waiting reads what begins requests from a socket, and answers calls for the
// lane on the way without leaving the wait of Go's poller: that is told of what
// comes meanwhile, so that it need not be tried first whether there is more, as
// net.Conn's Read does. Of three system calls a request that leaves two.
//
// What a short read leaves is found when the connection is to be parked: that a
// client has ended its side together with a request, or what it sent behind urgent
// data or descriptors.
type waiting struct {
	conn   *conn
	socket syscall.RawConn
	step   func(descriptor uintptr) (done bool) // made once
	into   []byte
	n      int
	err    error
}

// newWaiting returns nil for what is no socket itself: who wraps one may read in
// a way of its own.
func newWaiting(c *conn) *waiting {
	var system syscall.Conn
	switch socket := c.Conn.(type) {
	case *net.TCPConn:
		system = socket
	case *net.UnixConn:
		if socket.LocalAddr().Network() != "unix" {
			return nil // a short read of packets says nothing
		}
		system = socket
	default:
		return nil
	}
	socket, err := system.SyscallConn()
	if err != nil {
		return nil
	}
	w := &waiting{conn: c, socket: socket}
	w.step = w.readAll
	return w
}

// Read is net.Conn's, past the calls that it answers. What it returns the guard
// has looked at: that is conn's arrival.
func (w *waiting) Read(p []byte) (int, error) {
	w.into, w.n, w.err = p, 0, nil
	err := w.socket.Read(w.step)
	w.into = nil
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

// readAll reads until there is nothing left, and is called again when more comes;
// or until something came that is not answered here.
func (w *waiting) readAll(descriptor uintptr) (done bool) {
	for {
		n, err := syscall.Read(int(descriptor), w.into)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			w.err = os.NewSyscallError("read", err)
			return true
		case n == 0:
			w.err = io.EOF
			return true
		}
		if w.n, w.err = w.conn.answer(w.into[:n]); w.n > 0 || w.err != nil {
			return true
		}
		if n < len(w.into) { // that was all: epoll(7), "Questions and answers"
			return false
		}
	}
}
