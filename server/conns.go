package server

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// conns is the set of all open connections.
type conns struct {
	most           int
	mostPerAddress int
	serve          func(*conn) // one that was parked

	parked atomic.Int64

	mu      sync.Mutex
	peak    int64 // of those that aren't parked, since takePeak
	open    map[*conn]struct{}
	clients map[netip.Prefix]int // how many are open, where that is bounded
	empty   chan struct{}        // closed when the last one went, while somebody waits

	metrics *Metrics
}

// add takes a connection in, of a client where those are counted. It returns nil, and what there isn't enough of,
// where the connection is one too many.
func (s *conns) add(accepted net.Conn, patience *patience, client netip.Prefix) (*conn, lack) {
	c := &conn{Conn: accepted, conns: s, patience: patience, accepted: time.Now(), client: client}
	c.awaitHead(c.accepted)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.open) >= s.most:
		return nil, lackOfConnections
	case c.client.IsValid() && s.clients[c.client] >= s.mostPerAddress:
		return nil, lackOfAddress
	case s.open == nil:
		s.open, s.clients = map[*conn]struct{}{}, map[netip.Prefix]int{}
	}
	s.open[c] = struct{}{}
	s.metrics.opened()
	s.peak = max(s.peak, s.activeLocked())
	if c.client.IsValid() {
		s.clients[c.client]++
	}
	return c, 0
}

func (s *conns) remove(c *conn) (wasOpen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, wasOpen = s.open[c]; !wasOpen {
		return false
	}
	delete(s.open, c)
	s.metrics.closed()
	if s.clients[c.client]--; s.clients[c.client] <= 0 {
		delete(s.clients, c.client)
	}
	if len(s.open) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
	return true
}

// wait returns true when no connection is open any more, false when ctx ended.
func (s *conns) wait(ctx context.Context) bool {
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

func (s *conns) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// active is how many are open and not parked.
func (s *conns) active() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.activeLocked()
}

func (s *conns) activeLocked() int64 { return int64(len(s.open)) - s.parked.Load() }

// takePeak is the most that active was since it was asked last.
func (s *conns) takePeak() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	peak := s.peak
	s.peak = 0
	return peak
}

func (s *conns) each(f func(*conn)) {
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
