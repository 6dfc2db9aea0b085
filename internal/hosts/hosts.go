// Package hosts decides for which hosts a server answers: for which names and
// addresses in the Host of a request (RFC 9110, section 7.2). A page whose own name
// resolves to a server (DNS rebinding) can send it requests, but only with that name
// as their Host.
package hosts

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Set is a set of hosts. The zero Set is empty.
type Set struct {
	any   bool                // "*" is among them
	exact map[endpoint]bool   // names and addresses
	below map[uint16][]string // names such as ".example.com", by port
}

// endpoint is a host with a port. Port 0 stands for any.
type endpoint struct {
	host string // in lower case, an IPv6 address in brackets
	port uint16
}

// Parse makes a set of what a setting lists: names, "*.example.com" for every name
// below that one, and addresses, each with or without a port; or "*" for any host.
// Where there is no port, any one is meant.
func Parse(list []string) (Set, error) {
	s := Set{exact: map[endpoint]bool{}, below: map[uint16][]string{}}
	for _, text := range list {
		if text == "*" {
			s.any = true
			continue
		}
		host, port, ok := parse(text)
		if !ok {
			return Set{}, fmt.Errorf(`host %q: want a name, "*.example.com" or an address, with :PORT or without; or "*"`, text)
		}
		name, isWildcard := strings.CutPrefix(host, "*.")
		if !isWildcard {
			s.exact[endpoint{host, port}] = true
			continue
		}
		if err := CheckWildcard(name); err != nil {
			return Set{}, fmt.Errorf("host %q: %w", text, err)
		}
		s.below[port] = append(s.below[port], "."+name)
	}
	return s, nil
}

// parse splits an element of a list into host and port, which is 0 where there is none.
func parse(text string) (host string, port uint16, ok bool) {
	text = strings.ToLower(text)
	if address, err := netip.ParseAddr(withoutBrackets(text)); err == nil && address.Zone() == "" {
		return ofAddress(address), 0, true // an IPv6 address may come without brackets
	}
	host, port, ok = split(text)
	if !ok || port == 0 && host != strings.TrimSuffix(text, ".") {
		return "", 0, false
	}
	if address, err := netip.ParseAddr(withoutBrackets(host)); err == nil && address.Zone() == "" {
		return ofAddress(address), port, true
	}
	return host, port, isName(strings.TrimPrefix(host, "*."))
}

func withoutBrackets(text string) string {
	if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
		return strings.TrimSuffix(inner, "]")
	}
	return text
}

func ofAddress(address netip.Addr) string {
	if address.Is6() {
		return "[" + address.String() + "]"
	}
	return address.String()
}

func isName(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-._~") == "" && text[0] != '.' && !strings.Contains(text, "..")
}

// Has reports whether a set has the host that a request names. A Host without a port
// has that of its scheme, so it matches port 80 and port 443. A dot at the end of a
// name is ignored, and so is letter case. The empty host is in no set.
func (s *Set) Has(host string) bool {
	if s.any {
		return true
	}
	host, port, ok := split(host)
	switch {
	case !ok:
		return false
	case s.hasAt(host, 0):
		return true
	case port == 0:
		return s.hasAt(host, 80) || s.hasAt(host, 443)
	}
	return s.hasAt(host, port)
}

func (s *Set) hasAt(host string, port uint16) bool {
	if s.exact[endpoint{host, port}] {
		return true
	}
	for _, below := range s.below[port] {
		if len(host) > len(below) && strings.HasSuffix(host, below) {
			return true
		}
	}
	return false
}

// split splits the Host of a request into its host, in lower case and without a dot at
// its end, and its port, which is 0 where there is none.
func split(text string) (host string, port uint16, ok bool) {
	host = text
	if colon := strings.LastIndexByte(text, ':'); colon > strings.LastIndexByte(text, ']') {
		number, err := strconv.ParseUint(text[colon+1:], 10, 16)
		if err != nil && colon+1 < len(text) { // an empty port is that of the scheme
			return "", 0, false
		}
		host, port = text[:colon], uint16(number)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host, port, host != ""
}

// Address returns the address that a Host names, if it names one.
func Address(host string) (netip.Addr, bool) {
	host, _, ok := split(host)
	if !ok {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(withoutBrackets(host))
	return address.Unmap(), err == nil
}
