// Package address parses the addresses at which a program listens.
package address

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Parse returns HOST:PORT in the form that package net takes: [HOST]:PORT for an
// IPv6 host. Such a host may be written without brackets: ::1:8001 is
// [::1]:8001. Port 0 stands for a free port.
func Parse(address string) (string, error) {
	colon := strings.LastIndexByte(address, ':')
	if colon < 0 {
		return "", fmt.Errorf("address %q: want HOST:PORT, such as 127.0.0.1:8001", address)
	}
	host, port := address[:colon], address[colon+1:]
	inner, bracketed := strings.CutPrefix(host, "[")
	if bracketed {
		if inner, bracketed = strings.CutSuffix(inner, "]"); !bracketed {
			return "", fmt.Errorf("address %q: the bracket is not closed: want [::1]:8001", address)
		}
	}
	if ip, err := netip.ParseAddr(inner); (bracketed || strings.Contains(inner, ":")) && (err != nil || !ip.Is6()) || strings.ContainsAny(inner, "[]/ ") {
		return "", fmt.Errorf("address %q: %q is not a host: want HOST:PORT, such as 127.0.0.1:8001 or [::1]:8001", address, host)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || port != strconv.FormatUint(number, 10) {
		return "", fmt.Errorf("address %q: want a port from 0 to 65535, got %q", address, port)
	}
	return net.JoinHostPort(inner, port), nil
}

// Network returns the network to listen on: "tcp4" for an IPv4 address, since
// Go would listen at 0.0.0.0 for IPv6 too, else "tcp".
func Network(address string) string {
	if at, err := netip.ParseAddrPort(address); err == nil && at.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}
