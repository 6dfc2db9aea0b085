package connection

import (
	"io"
	"net"
	"os"
	"syscall"
)

// poller waits for requests on a socket without trying to read first. net.Conn
// does try, which after a response nearly always finds nothing: one of three
// system calls of a small request.
//
// It runs the whole wait, with the requests that are answered in it, inside one
// call of [syscall.RawConn.Read]. Go's poller then remembers whatever arrives
// meanwhile. Between two calls it would forget it: each call begins with
// forgetting what arrived before.
//
// What a short read leaves is found when the connection is to be parked: the
// end of a client that came together with its request, or what it sent after
// urgent data or descriptors.
type poller struct {
	conn   *Conn
	socket syscall.RawConn
	step   func(descriptor uintptr) (done bool) // made once

	answer  func() Verdict // of the receive that runs
	verdict Verdict
	err     error
}

// newPoller returns nil for what is not a socket itself, since a wrapper may read
// in another way.
func newPoller(c *Conn) *poller {
	var system syscall.Conn
	switch socket := c.transport.(type) {
	case *net.TCPConn:
		system = socket
	case *net.UnixConn:
		if socket.LocalAddr().Network() != "unix" {
			return nil // a short read of packets does not say that nothing is left
		}
		system = socket
	default:
		return nil
	}
	socket, err := system.SyscallConn()
	if err != nil {
		return nil
	}
	p := &poller{conn: c, socket: socket}
	p.step = p.readAndAnswer
	return p
}

// receive calls answer for whatever comes, until it returns something else than
// Wait, or a deadline must be set again.
func (p *poller) receive(answer func() Verdict) (Verdict, error) {
	p.answer, p.verdict, p.err = answer, Wait, nil
	if err := p.socket.Read(p.step); err != nil {
		return Wait, err
	}
	return p.verdict, p.err
}

// readAndAnswer reads until nothing is left. The poller calls it again when
// more has arrived, unless it reports that it is done.
func (p *poller) readAndAnswer(descriptor uintptr) (done bool) {
	for {
		room := p.conn.room()
		n, err := syscall.Read(int(descriptor), room)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			p.err = os.NewSyscallError("read", err)
			return true
		case n == 0:
			p.err = io.EOF
			return true
		}
		if p.verdict = p.conn.arrived(n, p.answer); p.verdict != Wait {
			return true
		}
		if p.err = p.conn.limitRead(p.conn.wakeBy()); p.err != nil || p.conn.interrupted.Load() {
			return true
		}
		if n < len(room) { // nothing is left: epoll(7), "Questions and answers"
			return false
		}
	}
}
