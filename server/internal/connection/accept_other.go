//go:build !unix

package connection

import (
	"net"
	"os"
)

// acceptWaiting returns an error: a listener whose deadline has passed can be asked for
// a client on Unix only.
func acceptWaiting(net.Listener) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
