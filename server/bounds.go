package server

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"sync/atomic"
	"time"
)

// lowMemoryPark is after what time an idle connection is parked with [Server.LowMemory].
const lowMemoryPark = 50 * time.Millisecond

// bound computes the bounds from the settings.
func (s *Server) bound() {
	s.descriptors = s.divide()
	s.refuser = newRefuser(s.descriptors.refusing)
	s.conns.most = min(orAny(cmp.Or(s.MaxConnections, DefaultMaxConnections)), s.descriptors.connections())
	s.conns.mostPerAddress = orAny(cmp.Or(s.MaxConnectionsPerAddress, -1))
	s.calls = newQuota(int64(orAny(cmp.Or(s.MaxRunning, DefaultMaxRunning))), runningBatch)
	s.bodies = bodyMemory{newQuota(orAny(cmp.Or(s.BodyMemory, DefaultBodyMemory)), memoryBatch)}
	s.answers.begin(s.bodies, s.API.Routes())
	s.timeouts.Header = cmp.Or(s.HeaderTimeout, DefaultHeaderTimeout)
	s.timeouts.Idle = cmp.Or(s.IdleTimeout, DefaultIdleTimeout)
	if s.LowMemory {
		s.timeouts.Park = min(s.timeouts.Park, lowMemoryPark)
	}
}

// orAny returns the largest number for a negative bound.
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

// Shed counts what was refused since Serve began, by the bound that was met.
type Shed struct {
	Connections uint64 // new connections beyond MaxConnections, and silent ones that were closed for new ones
	PerAddress  uint64 // new connections beyond MaxConnectionsPerAddress
	Running     uint64 // requests beyond MaxRunning
	Memory      uint64 // requests beyond BodyMemory, for their bodies or their responses
}

func (s *shed) sum() Shed {
	return Shed{s[boundOnConnections].Load(), s[boundPerAddress].Load(), s[boundOnRunning].Load(), s[boundOnMemory].Load()}
}

// since returns what was refused after an earlier sum.
func (s Shed) since(earlier Shed) Shed {
	return Shed{s.Connections - earlier.Connections, s.PerAddress - earlier.PerAddress, s.Running - earlier.Running, s.Memory - earlier.Memory}
}

func (s Shed) String() string {
	return fmt.Sprintf("%d new connections, %d of addresses with too many, %d requests beyond those that may run, %d without memory for their bodies or answers",
		s.Connections, s.PerAddress, s.Running, s.Memory)
}

// clientNetwork returns the network for which a connection is counted. It is the
// address itself, or with IPv6 its /64, since one client has all addresses of that.
func clientNetwork(address netip.Addr) netip.Prefix {
	bits := 64
	if address.Is4() {
		bits = 32
	}
	network, _ := address.Prefix(bits)
	return network
}
