//go:build unix

package server

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net"
	"os"
	"strconv"
	"syscall"
)

// socket is bound to an address, at which nobody listens before listen is called.
type socket struct {
	descriptor int // of this socket alone
	closed     bool
}

// errTaken ends package net's way to a listener before it binds the socket.
var errTaken = errors.New("the socket is bound here")

// bind binds a socket to an address, as package net would, but does not listen.
// Package net has no call for that. So it is let go as far as the socket, with
// the family and the options that belong to the address, of which a copy is kept.
func bind(network, at string) (*socket, error) {
	var bound *socket
	var failure error
	config := net.ListenConfig{Control: func(family, resolved string, raw syscall.RawConn) error {
		err := raw.Control(func(fd uintptr) { bound, failure = bindCopy(int(fd), family, resolved) })
		return cmp.Or(err, errTaken)
	}}
	config.SetMultipathTCP(false) // Go's default, whose sockets take no filter: see letNobodyIn
	ln, err := config.Listen(context.Background(), network, at)
	if err == nil {
		ln.Close() // not reached: Control has failed
	}
	if bound == nil && failure == nil {
		failure = err
	}
	return bound, failure
}

func bindCopy(fd int, family, resolved string) (*socket, error) {
	at, err := net.ResolveTCPAddr(family, resolved) // numbers: nobody is asked
	if err != nil {
		return nil, err
	}
	s := &socket{}
	if s.descriptor, err = duplicate(fd); err != nil {
		return nil, err
	}
	if err := syscall.Bind(s.descriptor, sockaddr(family, at)); err != nil {
		s.close()
		return nil, &net.OpError{Op: "listen", Net: family, Addr: at, Err: os.NewSyscallError("bind", err)}
	}
	return s, nil
}

func sockaddr(family string, at *net.TCPAddr) syscall.Sockaddr {
	if family == "tcp4" {
		address := &syscall.SockaddrInet4{Port: at.Port}
		copy(address.Addr[:], at.IP.To4())
		return address
	}
	address := &syscall.SockaddrInet6{Port: at.Port, ZoneId: zone(at.Zone)}
	copy(address.Addr[:], at.IP.To16())
	return address
}

// zone returns the number of an IPv6 zone, 0 for "".
func zone(name string) uint32 {
	if device, err := net.InterfaceByName(name); err == nil {
		return uint32(device.Index)
	}
	number, _ := strconv.ParseUint(name, 10, 32)
	return uint32(number)
}

// listen opens the listener. The system cuts the length of its queue to the most
// that it allows.
func (s *socket) listen() (net.Listener, error) {
	if err := syscall.Listen(s.descriptor, math.MaxInt32); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	file := os.NewFile(uintptr(s.descriptor), "listener")
	s.closed = true // by file
	defer file.Close()
	return net.FileListener(file)
}

func (s *socket) close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return syscall.Close(s.descriptor)
}
