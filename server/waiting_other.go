//go:build !linux

package server

import "net"

// waiting is for Linux alone.
type waiting struct{ net.Conn }

func newWaiting(*conn) *waiting { return nil }
