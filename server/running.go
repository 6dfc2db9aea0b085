package server

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
)

const requestIDHeader = "X-Request-Id"

// calls are the requests that are with their functions.
type calls struct {
	most    int64
	running atomic.Int64
	deaf    atomic.Int64 // how many the last sweep found past their deadline
}

func (c *calls) hasRoom() bool { return c.running.Load() < c.most }

// call is what other goroutines may know of the request that a connection's
// function is busy with.
type runningCall struct {
	mu       sync.Mutex
	endpoint *apiphant.Endpoint // nil: none runs
	id       string
	seen     time.Time // by the first sweep that found it
	deaf     bool      // it ignores the end of its context
}

// enter takes a place among the requests that run, and tells whether there was one.
func (d *door) enter() bool {
	s := d.server
	if s.calls.running.Add(1) > s.calls.most {
		s.calls.running.Add(-1)
		s.shed.count(boundOnRunning)
		return false
	}
	d.running = true
	call := &d.conn.running
	call.mu.Lock()
	call.endpoint, call.id, call.seen, call.deaf = d.endpoint, d.id, time.Time{}, false
	call.mu.Unlock()
	return true
}

// identify tells the id of the request, which of a raw one is known only after
// it began.
func (d *door) identify(id string) {
	d.id = id
	if !d.running {
		return
	}
	call := &d.conn.running
	call.mu.Lock()
	call.id = id
	call.mu.Unlock()
}

// exit gives back the place that enter took, if it did.
func (d *door) exit() {
	if !d.running {
		return
	}
	d.running = false
	d.server.calls.running.Add(-1)
	call := &d.conn.running
	call.mu.Lock()
	deaf, seen := call.deaf, call.seen
	call.endpoint = nil
	call.mu.Unlock()
	if deaf {
		d.server.log.Warn(fmt.Sprintf("%s returned at last, %s after it began", d.endpoint.Path(), time.Since(seen).Round(time.Second)), d.requestID())
	}
}

// overloaded is the answer where something ran out.
func (d *door) overloaded() error {
	d.SetHeader("Retry-After", "1")
	return errOverloaded
}

var errOverloaded = &apiphant.Error{Status: http.StatusServiceUnavailable}

// watch looks at what runs now and then, and logs what an operator should know:
// functions that ignore the end of their context, and what was refused. The
// function that it returns ends it.
func (s *Server) watch() (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer connection.Survive(s.log, "watching what runs")
		ticker := time.NewTicker(s.timeouts.sweep)
		defer ticker.Stop()
		var told Shed
		var trimmer trimmer
		for {
			select {
			case now := <-ticker.C:
				s.sweep(now)
				told = s.tellShed(told)
				trimmer.look(s)
			case <-stop:
				s.tellShed(told)
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

func (s *Server) sweep(now time.Time) {
	timeout := cmp.Or(s.API.Timeout, apiphant.DefaultTimeout)
	if timeout < 0 {
		return
	}
	var deaf int64
	s.conns.each(func(c *conn) {
		if c.running.look(s, now, timeout) {
			deaf++
		}
	})
	s.calls.deaf.Store(deaf)
}

// look tells whether the call is past its deadline, by a sweep at least, so that
// there was time to notice. When it began is known as closely as sweeps are.
func (c *runningCall) look(s *Server, now time.Time, timeout time.Duration) (deaf bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.endpoint == nil:
		return false
	case c.seen.IsZero():
		c.seen = now
	case !c.deaf && now.Sub(c.seen) >= timeout+s.timeouts.sweep:
		c.deaf = true
		s.log.Warn(fmt.Sprintf("%s ignores its context: it still runs %s after it began, its deadline was %s",
			c.endpoint.Path(), now.Sub(c.seen).Round(time.Second), timeout), slog.String("request_id", c.id))
	}
	return c.deaf
}

// tellShed logs what was refused since it did so last.
func (s *Server) tellShed(told Shed) Shed {
	now := s.shed.sum()
	if now != told {
		s.log.Warn("Overloaded: refused " + now.since(told).String())
	}
	return now
}

// Stats is what a server does at a moment. How it came to be is not exact:
// requests come and go while it is taken.
type Stats struct {
	Connections int   // that are open
	Running     int64 // requests that are with their functions
	Deaf        int64 // of these, those that ignore the end of their context
	BodyMemory  int64 // bytes, as Server.BodyMemory counts
	Shed        Shed  // what was refused so far
}

// Stats may be called at any time, by any goroutine.
func (s *Server) Stats() Stats {
	return Stats{
		Connections: s.conns.count(),
		Running:     s.calls.running.Load(),
		Deaf:        s.calls.deaf.Load(),
		BodyMemory:  s.bodies.used.Load(),
		Shed:        s.shed.sum(),
	}
}
