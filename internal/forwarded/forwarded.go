// Package forwarded reads what proxies say of the client that they ask for. It
// is the X-Forwarded- headers; RFC 7239's Forwarded and X-Real-IP are not read,
// since a proxy that knows only the others passes them on as the client made
// them up. All of it is to be asked of requests of trusted proxies alone:
// anybody can send these headers.
package forwarded

import (
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the proxies that are trusted.
type Proxies []netip.Prefix

// Trust reports whether a peer is one of the proxies.
func (p Proxies) Trust(peer netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(peer) })
}

// Client follows X-Forwarded-For from its end, where each proxy adds by whom it
// was asked: the client is the first that is no trusted proxy. What stands
// before that one, or before something that is no address, is anybody's. Its
// port is 0 where the proxy gives none.
func (p Proxies) Client(proxy netip.AddrPort, lists []string) netip.AddrPort {
	client := proxy
	for _, list := range slices.Backward(lists) {
		for list != "" && p.Trust(client.Addr()) {
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

// Last returns the last element of a list that proxies add to, "" where there is
// none: the others may be the client's.
func Last(lists []string) string {
	if len(lists) == 0 {
		return ""
	}
	list := lists[len(lists)-1]
	return strings.Trim(list[strings.LastIndexByte(list, ',')+1:], " \t")
}

// Host returns the last element of X-Forwarded-Host, "" where it is no host.
func Host(lists []string) string {
	host := Last(lists)
	if _, err := netip.ParseAddrPort(host); err == nil {
		return host
	}
	name, port, _ := strings.Cut(host, ":")
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		if address, err := netip.ParseAddr(host[1 : len(host)-1]); err == nil && address.Is6() {
			return host
		}
		return ""
	}
	if name == "" || strings.Trim(port, "0123456789") != "" || len(port) > 5 || strings.ContainsFunc(name, notInName) {
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
