//go:build unix

package connection

import (
	"net"
	"os"
	"syscall"
)

// acceptWaiting accepts a client that has already connected, although the
// listener's deadline has passed. It is an error where there is none.
func acceptWaiting(ln net.Listener) (net.Conn, error) {
	system, ok := ln.(syscall.Conn)
	if !ok {
		return nil, os.ErrDeadlineExceeded
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return nil, err
	}
	accepted := -1
	if failure := raw.Control(func(fd uintptr) { accepted, err = accept(int(fd)) }); failure != nil || err != nil {
		return nil, os.ErrDeadlineExceeded
	}
	file := os.NewFile(uintptr(accepted), "")
	defer file.Close()
	return net.FileConn(file)
}

func accept(listener int) (accepted int, err error) {
	syscall.ForkLock.RLock() // until the descriptor is known not to be inherited
	defer syscall.ForkLock.RUnlock()
	if accepted, _, err = syscall.Accept(listener); err == nil {
		syscall.CloseOnExec(accepted)
	}
	return accepted, err
}
