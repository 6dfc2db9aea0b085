// Package forwarded reads the headers in which a proxy names its client. These are
// the X-Forwarded- headers. Forwarded (RFC 7239) and X-Real-IP are ignored, since a
// proxy that does not know them passes on what the client sent. Anybody can send all
// of them: they must be read from requests of trusted proxies only.
package forwarded

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Proxies are the networks of the proxies that are trusted.
type Proxies []netip.Prefix

// Trust reports whether a peer is one of the proxies.
func (p Proxies) Trust(peer netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(peer) })
}

// Client reads the values of X-Forwarded-For from the end, where each proxy adds
// the address of its own client. The client is the last address that is not a
// trusted proxy's. Anybody may have made up what stands before it, or before
// something that is not an address. Its port is 0 where the proxy gives none.
func Client[S ~string | ~[]byte](trusted Proxies, proxy netip.AddrPort, values []S) netip.AddrPort {
	client := proxy
	for _, value := range slices.Backward(values) {
		for list := string(value); list != "" && trusted.Trust(client.Addr()); {
			comma := strings.LastIndexByte(list, ',')
			hop, ok := parseHop(list[comma+1:])
			if !ok {
				return client
			}
			client, list = hop, list[:max(comma, 0)]
		}
	}
	return client
}

// parseHop reads 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] or
// [2001:db8::1]:80.
func parseHop(text string) (hop netip.AddrPort, ok bool) {
	text = strings.Trim(text, " \t")
	hop, err := netip.ParseAddrPort(text)
	if err != nil {
		if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
			text = text[1 : len(text)-1]
		}
		var address netip.Addr
		address, err = netip.ParseAddr(text)
		hop = netip.AddrPortFrom(address, 0)
	}
	if err != nil || hop.Addr().Zone() != "" {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(hop.Addr().Unmap(), hop.Port()), true
}

// Last returns the last element of a header to which proxies add, "" where there is
// none. The elements before it may come from the client.
func Last[S ~string | ~[]byte](list S) S {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == ',' {
			list = list[i+1:]
			break
		}
	}
	for len(list) > 0 && isSpace(list[0]) {
		list = list[1:]
	}
	for len(list) > 0 && isSpace(list[len(list)-1]) {
		list = list[:len(list)-1]
	}
	return list
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' }

// LastOf returns the last element of a header that may have several lines.
func LastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return Last(values[len(values)-1])
}

// Host returns the last element of X-Forwarded-Host, "" where that is not a host
// with or without a port.
func Host(values []string) string {
	host := LastOf(values)
	name, port, _ := strings.Cut(host, ":") // an empty port is the scheme's
	if strings.HasPrefix(host, "[") {       // an IPv6 address
		end := strings.IndexByte(host, ']')
		address, err := netip.ParseAddr(host[1:max(end, 1)])
		if err != nil || !address.Is6() {
			return ""
		}
		name, port = "ip", strings.TrimPrefix(host[end+1:], ":")
	}
	if _, err := strconv.ParseUint(port, 10, 16); port != "" && err != nil {
		return ""
	}
	if name == "" || strings.ContainsFunc(name, notInName) {
		return ""
	}
	return host
}

func notInName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~", r)
}
