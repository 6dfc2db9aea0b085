package server

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"sync/atomic"
	"time"
)

// lowMemoryPark is how soon a connection is parked with [Server.LowMemory].
const lowMemoryPark = 50 * time.Millisecond

// bound works the bounds out from the settings.
func (s *Server) bound() {
	descriptors := maxDescriptors()
	s.refuser = newRefuser(descriptors)
	s.conns.most = min(orAny(cmp.Or(s.MaxConnections, DefaultMaxConnections)), descriptors/10*9)
	s.conns.mostPerAddress = orAny(cmp.Or(s.MaxConnectionsPerAddress, -1))
	s.calls.most = int64(orAny(cmp.Or(s.MaxRunning, DefaultMaxRunning)))
	s.bodies.most = orAny(cmp.Or(s.BodyMemory, DefaultBodyMemory))
	s.timeouts.Header = cmp.Or(s.HeaderTimeout, DefaultHeaderTimeout)
	s.timeouts.Idle = cmp.Or(s.IdleTimeout, DefaultIdleTimeout)
	if s.LowMemory {
		s.timeouts.Park = min(s.timeouts.Park, lowMemoryPark)
	}
}

// orAny makes any number of a negative bound.
func orAny[N int | int64](bound N) N {
	if bound < 0 {
		return N(math.MaxInt)
	}
	return bound
}

// bound is one of the bounds of [Server].
type bound int

const (
	boundOnConnections bound = iota
	boundPerAddress
	boundOnRunning
	boundOnMemory
	bounds // how many there are
)

// shed counts what was refused, by the bound that was met.
type shed [bounds]atomic.Uint64

func (s *shed) count(met bound) { s[met].Add(1) }

// Shed is how often a bound was met since Serve began.
type Shed struct {
	Connections uint64 // new connections beyond MaxConnections
	PerAddress  uint64 // new connections beyond MaxConnectionsPerAddress
	Running     uint64 // requests beyond MaxRunning
	Memory      uint64 // requests beyond BodyMemory
}

func (s *shed) sum() Shed {
	return Shed{s[boundOnConnections].Load(), s[boundPerAddress].Load(), s[boundOnRunning].Load(), s[boundOnMemory].Load()}
}

// since is what was refused after an earlier sum.
func (s Shed) since(earlier Shed) Shed {
	return Shed{s.Connections - earlier.Connections, s.PerAddress - earlier.PerAddress, s.Running - earlier.Running, s.Memory - earlier.Memory}
}

func (s Shed) String() string {
	return fmt.Sprintf("%d new connections, %d of an address with too many, %d requests over those that may run, %d for whose body there was no memory",
		s.Connections, s.PerAddress, s.Running, s.Memory)
}

// clientNetwork is what connections are counted by: an address, or of IPv6, where one
// client has as many as it likes, the network.
func clientNetwork(address netip.Addr) netip.Prefix {
	bits := 64
	if address.Is4() {
		bits = 32
	}
	network, _ := address.Prefix(bits)
	return network
}
