//go:build !linux

package server

import "net"

// withoutScheduler is for Linux.
func withoutScheduler(c net.Conn) net.Conn { return c }
