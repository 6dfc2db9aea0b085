package server

import (
	"context"
	"net"
	"sync"
	"time"
)

// conns is the set of all open connections.
type conns struct {
	mu    sync.Mutex
	open  map[*conn]struct{}
	empty chan struct{} // closed when the last one went, while somebody waits

	metrics *Metrics
}

func (s *conns) add(accepted net.Conn, patience *patience) *conn {
	c := &conn{Conn: accepted, conns: s, patience: patience, accepted: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*conn]struct{}{}
	}
	s.open[c] = struct{}{}
	s.metrics.opened()
	return c
}

func (s *conns) remove(c *conn) (wasOpen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, wasOpen = s.open[c]; wasOpen {
		delete(s.open, c)
		s.metrics.closed()
	}
	if len(s.open) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
	return wasOpen
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
