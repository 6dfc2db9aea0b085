//go:build !unix

package connection

import (
	"errors"
	"syscall"
)

// canPeek is false where a connection keeps its memory while it waits.
const canPeek = false

func waitReadable(syscall.RawConn) (bool, error) { return false, errors.ErrUnsupported }
