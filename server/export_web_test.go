package server

import (
	"net/netip"
	"time"
)

// Recheck lets the files be looked at so often.
func (c *Certificate) Recheck(d time.Duration) { c.recheck = d }

// ClientBehind is whom a proxy that is trusted was asked by.
func (s *Server) ClientBehind(proxy netip.AddrPort, lists [][]byte) netip.AddrPort {
	return s.clientBehind(proxy, lists)
}
