//go:build !linux

package server

import (
	"errors"
	"net"
)

// sockets is only known how to do on Linux.
type sockets struct{}

func openSockets() (*sockets, error) {
	return nil, errors.New("that is known on Linux alone")
}

func (*sockets) close()                     {}
func (*sockets) add(net.Conn, uint64) error { return errors.ErrUnsupported }
func (*sockets) remove(net.Conn)            {}
func (*sockets) wait(func(uint64)) error    { return errors.ErrUnsupported }
