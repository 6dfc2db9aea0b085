package server

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
)

// connections is the set of all open connections.
type connections struct {
	most           int
	mostPerAddress int
	metrics        *Metrics

	parked atomic.Int64

	mu       sync.Mutex
	next     int   // the shard of the next connection
	peak     int64 // the most that active was since takePeak
	open     map[*conn]struct{}
	silent   silent               // those of open on which nothing has come yet
	networks map[netip.Prefix]int // open connections of each network, where that is bounded
	empty    chan struct{}        // closed when the last one went; nil: wait does not run
}

// add adds a connection. It reports false, and which bound was met, where the
// connection is one too many.
func (s *connections) add(c *conn) (met bound, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.open) >= s.most:
		return boundOnConnections, false
	case c.network.IsValid() && s.networks[c.network] >= s.mostPerAddress:
		return boundPerAddress, false
	case s.open == nil:
		s.open, s.networks = map[*conn]struct{}{}, map[netip.Prefix]int{}
	}
	s.open[c] = struct{}{}
	if c.CanPark() { // otherwise it is not known when the first byte comes
		s.silent.add(c)
	}
	s.next = (s.next + 1) % shardCount()
	c.shard = s.next
	s.metrics.opened()
	s.peak = max(s.peak, s.activeLocked())
	if c.network.IsValid() {
		s.networks[c.network]++
	}
	return 0, true
}

func (s *connections) remove(c *conn) (wasOpen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.removeLocked(c)
}

func (s *connections) removeLocked(c *conn) (wasOpen bool) {
	if _, wasOpen = s.open[c]; !wasOpen {
		return false
	}
	delete(s.open, c)
	s.silent.remove(c)
	s.metrics.closed()
	if s.networks[c.network]--; s.networks[c.network] <= 0 {
		delete(s.networks, c.network)
	}
	if len(s.open) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
	return true
}

// wait waits until no connection is open. It returns false when ctx ends before.
func (s *connections) wait(ctx context.Context) bool {
	for {
		s.mu.Lock()
		if len(s.open) == 0 {
			s.mu.Unlock()
			return true
		}
		if s.empty == nil {
			s.empty = make(chan struct{})
		}
		empty := s.empty
		s.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
			return false
		}
	}
}

func (s *connections) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// active returns how many are open and not parked.
func (s *connections) active() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.activeLocked()
}

func (s *connections) activeLocked() int64 { return int64(len(s.open)) - s.parked.Load() }

// takePeak returns the most that active was since takePeak was called last.
func (s *connections) takePeak() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	peak := s.peak
	s.peak = 0
	return peak
}

// each calls f with each connection, without a lock.
func (s *connections) each(f func(*conn)) {
	s.mu.Lock()
	open := make([]*conn, 0, len(s.open))
	for c := range s.open {
		open = append(open, c)
	}
	s.mu.Unlock()
	for _, c := range open {
		f(c)
	}
}
