package server

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// nonblocking is a TCP connection that reads and writes without telling Go's
// scheduler. The scheduler is told of system calls since they may block, and
// watches each of them so that others can run meanwhile; those on a socket that
// Go's poller waits for never do. For a small request the telling and the
// watching took as long as the JSON.
type nonblocking struct {
	*net.TCPConn
	raw             syscall.RawConn
	reading, writes transfer
}

// transfer is one direction. It is used by one goroutine at a time.
type transfer struct {
	call  uintptr // SYS_READ or SYS_WRITE
	p     []byte
	n     int
	errno syscall.Errno
	once  func(descriptor uintptr) (done bool) // try, which is made once
}

// withoutScheduler returns a connection that is used in that way, if it can be.
func withoutScheduler(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	b := &nonblocking{TCPConn: tcp, raw: raw, reading: transfer{call: syscall.SYS_READ}, writes: transfer{call: syscall.SYS_WRITE}}
	b.reading.once, b.writes.once = b.reading.try, b.writes.try
	return b
}

// try moves what can be moved at once; it is not done where the poller has to wait.
func (t *transfer) try(descriptor uintptr) (done bool) {
	for {
		n, _, errno := syscall.RawSyscall(t.call, descriptor, uintptr(unsafe.Pointer(unsafe.SliceData(t.p))), uintptr(len(t.p)))
		switch errno {
		case 0:
			t.n += int(n)
			if t.p = t.p[n:]; t.call == syscall.SYS_READ || len(t.p) == 0 {
				return true
			}
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.errno = errno
			return true
		}
	}
}

// end returns what became of a transfer, and forgets it.
func (t *transfer) end(err error) (int, error) {
	n, errno := t.n, t.errno
	t.p, t.n, t.errno = nil, 0, 0
	if err == nil && errno != 0 {
		err = errno
	}
	return n, err
}

func (b *nonblocking) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b.reading.p = p
	n, err := b.reading.end(b.raw.Read(b.reading.once))
	switch {
	case err == nil && n == 0:
		return 0, io.EOF
	case err != nil:
		return n, b.failed("read", err)
	}
	return n, nil
}

func (b *nonblocking) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b.writes.p = p
	n, err := b.writes.end(b.raw.Write(b.writes.once))
	if err != nil {
		return n, b.failed("write", err)
	}
	return n, nil
}

// failed makes an error what it is of a [net.TCPConn].
func (b *nonblocking) failed(operation string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return &net.OpError{Op: operation, Net: "tcp", Source: b.LocalAddr(), Addr: b.RemoteAddr(), Err: os.NewSyscallError(operation, errno)}
	}
	return err
}
