package connection

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// sockets asks Linux for connections whose client has closed its side. It is an
// epoll(7) instance that Go's own poller waits for, so that no thread does.
type sockets struct {
	file   *os.File
	raw    syscall.RawConn
	events [128]syscall.EpollEvent
}

// goneEvents come once. EPOLLHUP and EPOLLERR, which a reset causes, need not be
// asked for.
const goneEvents = syscall.EPOLLRDHUP | syscall.EPOLLONESHOT

func openSockets() (*sockets, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	err = syscall.SetNonblock(fd, true) // which lets os.NewFile add it to the poller
	file := os.NewFile(uintptr(fd), "epoll")
	raw, rawErr := file.SyscallConn()
	if err := errors.Join(err, rawErr, file.SetReadDeadline(time.Time{})); err != nil {
		file.Close()
		return nil, err
	}
	return &sockets{file: file, raw: raw}, nil
}

// close lets wait return an error.
func (s *sockets) close() { s.file.Close() }

// add lets wait report the number once, when the client goes or if it has gone
// already.
func (s *sockets) add(c net.Conn, number uint64) error {
	return s.control(c, syscall.EPOLL_CTL_ADD, &syscall.EpollEvent{Events: goneEvents, Fd: int32(number), Pad: int32(number >> 32)})
}

// remove is needed before the next add, but not before the connection is closed.
func (s *sockets) remove(c net.Conn) { _ = s.control(c, syscall.EPOLL_CTL_DEL, nil) }

func (s *sockets) control(c net.Conn, operation int, event *syscall.EpollEvent) error {
	system, ok := c.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	socket, err := system.SyscallConn()
	if err != nil {
		return err
	}
	var failure, closed error
	err = socket.Control(func(fd uintptr) { // Control keeps both descriptors from becoming another's meanwhile
		closed = s.raw.Control(func(epoll uintptr) {
			failure = os.NewSyscallError("epoll_ctl", syscall.EpollCtl(int(epoll), operation, int(fd), event))
		})
	})
	return errors.Join(err, closed, failure)
}

// wait blocks until clients have gone, and calls notify with their numbers.
func (s *sockets) wait(notify func(number uint64)) error {
	var n int
	var failure error
	err := s.raw.Read(func(epoll uintptr) bool {
		n, failure = syscall.EpollWait(int(epoll), s.events[:], 0)
		return n > 0 || failure != nil
	})
	if err != nil {
		return err
	}
	if failure != nil && failure != syscall.EINTR {
		return os.NewSyscallError("epoll_wait", failure)
	}
	for _, event := range s.events[:max(n, 0)] {
		notify(uint64(uint32(event.Fd)) | uint64(uint32(event.Pad))<<32)
	}
	return nil
}
