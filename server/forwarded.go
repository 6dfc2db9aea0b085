package server

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/apiphant/apiphant/server/internal/http1"
)

// What a proxy says about its client is believed only of [Server.TrustedProxies].
// It is read from the X-Forwarded- headers. Forwarded (RFC 7239) and X-Real-IP are
// ignored, since a proxy that does not know them passes on what the client sent.

// trusts reports whether a peer is one of the trusted proxies.
func (s *Server) trusts(peer netip.Addr) bool {
	return slices.ContainsFunc(s.TrustedProxies, func(network netip.Prefix) bool { return network.Contains(peer) })
}

// addressOf returns the address of a peer, and of IPv4 the form without IPv6
// around it. It returns the zero AddrPort where a peer has none.
func addressOf(peer net.Addr) netip.AddrPort {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	address := tcp.AddrPort()
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}

// client returns the address of the client. The port is 0 where a proxy did not
// say it.
func (d *door) client() netip.AddrPort {
	if !d.conn.trusted {
		return d.conn.peer
	}
	return d.server.clientBehind(d.conn.peer, d.conn.head.Fields.All("X-Forwarded-For"))
}

// remoteAddr returns the client in the form of [http.Request.RemoteAddr].
func (d *door) remoteAddr() string {
	if client := d.client(); client.IsValid() {
		return client.String()
	}
	return d.conn.RemoteAddr().String()
}

// clientBehind reads X-Forwarded-For from its end, where each proxy adds the
// address of its own client. The client is the last address that is not a trusted
// proxy's. Anybody may have made up what stands before it, or before something
// that is not an address.
func (s *Server) clientBehind(proxy netip.AddrPort, lists [][]byte) netip.AddrPort {
	client := proxy
	for _, list := range slices.Backward(lists) {
		for len(list) > 0 && s.trusts(client.Addr()) {
			comma := bytes.LastIndexByte(list, ',')
			hop, ok := parseHop(string(list[comma+1:]))
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

// host returns the host that the client has asked for.
func (d *door) host() string {
	if d.conn.trusted {
		if host := d.lastForwarded("X-Forwarded-Host"); http1.IsHost([]byte(host)) {
			return host
		}
	}
	return string(d.conn.head.Host)
}

// forwardedProto returns "https" where the client is known to have used it.
func (d *door) forwardedProto() string {
	c := d.conn
	if c.trusted {
		if proto := d.lastForwarded("X-Forwarded-Proto"); proto != "" {
			return proto
		}
	}
	if c.IsTLS() {
		return "https"
	}
	return ""
}

// lastForwarded returns the last element of a list to which proxies add. The
// elements before it may come from the client.
func (d *door) lastForwarded(name string) string {
	lists := d.conn.head.Fields.All(name)
	if len(lists) == 0 {
		return ""
	}
	list := string(lists[len(lists)-1])
	return strings.Trim(list[strings.LastIndexByte(list, ',')+1:], " \t")
}
