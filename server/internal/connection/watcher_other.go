//go:build !linux

package connection

import (
	"errors"
	"net"
)

// sockets exists on Linux only.
type sockets struct{}

func openSockets() (*sockets, error) {
	return nil, errors.New("this is possible on Linux only")
}

func (*sockets) close()                     {}
func (*sockets) add(net.Conn, uint64) error { return errors.ErrUnsupported }
func (*sockets) remove(net.Conn)            {}
func (*sockets) wait(func(uint64)) error    { return errors.ErrUnsupported }
