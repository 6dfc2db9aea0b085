//go:build !unix

package connection

import (
	"net"
	"os"
)

// acceptWaiting is possible on Unix only.
func acceptWaiting(net.Listener) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
