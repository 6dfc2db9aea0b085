//go:build !unix

package server

import (
	"errors"
	"syscall"
)

// canPeek: elsewhere a connection keeps its memory while it waits.
const canPeek = false

func waitReadable(syscall.RawConn) (bool, error) { return false, errors.ErrUnsupported }
