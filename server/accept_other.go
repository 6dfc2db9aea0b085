//go:build !unix

package server

import (
	"net"
	"os"
)

// acceptWaiting is only known how to do on Unix.
func acceptWaiting(net.Listener) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
