package server

import (
	"net"
	"net/netip"

	"github.com/apiphant/apiphant/internal/forwarded"
	"github.com/apiphant/apiphant/server/internal/http1"
)

// trusts reports whether a peer is one of [Server.TrustedProxies], whose
// X-Forwarded- headers are believed.
func (s *Server) trusts(peer netip.Addr) bool { return forwarded.Proxies(s.TrustedProxies).Trust(peer) }

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

// clientBehind returns the client that a trusted proxy names in X-Forwarded-For.
func (s *Server) clientBehind(proxy netip.AddrPort, values [][]byte) netip.AddrPort {
	return forwarded.Client(s.TrustedProxies, proxy, values)
}

// host returns the host that the client has asked for.
func (d *door) host() string {
	host := d.askedHost()
	if string(host) == d.conn.lastHost {
		return d.conn.lastHost
	}
	return string(host)
}

func (d *door) askedHost() []byte {
	if d.conn.trusted {
		if host := d.lastForwarded("X-Forwarded-Host"); http1.IsHost(host) {
			return host
		}
	}
	return d.conn.head.Host
}

// copyHost keeps a copy of the host for host to return, where each request is asked
// for it. Most requests of a connection have the same one.
func (d *door) copyHost() {
	if len(d.server.API.Hosts) == 0 {
		return
	}
	if host := d.askedHost(); string(host) != d.conn.lastHost {
		d.conn.lastHost = string(host)
	}
}

// forwardedProto returns "https" where the client is known to have used it.
func (d *door) forwardedProto() string {
	c := d.conn
	if c.trusted {
		if proto := d.lastForwarded("X-Forwarded-Proto"); len(proto) > 0 {
			return string(proto)
		}
	}
	if c.IsTLS() {
		return "https"
	}
	return ""
}

// lastForwarded returns the last element of a list to which proxies add.
func (d *door) lastForwarded(name string) []byte {
	return forwarded.Last(d.conn.head.Fields.Last(name))
}
