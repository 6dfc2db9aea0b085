package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
)

const requestIDHeader = "X-Request-Id"

// runningBatch is how many places among the running requests a shard gets at a time.
const runningBatch = 64

// runningCall is what other goroutines may know of the request whose function
// runs on a connection.
type runningCall struct {
	mu       sync.Mutex
	endpoint *apiphant.Endpoint // nil: none runs
	id       string
	seen     time.Time // by the first sweep that found it
	overdue  bool      // the function ignores the end of its context
}

// mayServe takes a place among the requests that run, where the request is one for a
// function, and reports whether it can be served.
func (d *door) mayServe() bool {
	return d.endpoint == nil || d.match.Refused() || d.enter()
}

// enter takes a place among the requests that run, and the memory for the response,
// and reports whether there were both.
func (d *door) enter() bool {
	s := d.server
	if !d.awaitFirst() {
		s.shed.count(boundOnMemory)
		return false
	}
	if !s.calls.take(d.conn.shard, 1) {
		s.shed.count(boundOnRunning)
		return false
	}
	if !d.reserveAnswer() {
		s.calls.give(d.conn.shard, 1)
		s.shed.count(boundOnMemory)
		return false
	}
	d.running = true
	call := &d.conn.running
	call.mu.Lock()
	call.endpoint, call.id, call.seen, call.overdue = d.endpoint, d.id, time.Time{}, false
	call.mu.Unlock()
	return true
}

// identify sets the id of the request, which is known only after it has entered.
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
	d.server.calls.give(d.conn.shard, 1)
	call := &d.conn.running
	call.mu.Lock()
	overdue, seen := call.overdue, call.seen
	call.endpoint = nil
	call.mu.Unlock()
	if overdue {
		d.server.log.Warn(fmt.Sprintf("%s returned at last, %s after it began", d.endpoint.Path(), time.Since(seen).Round(time.Second)), d.requestID())
	}
}

// overloaded returns the error for a request beyond a bound.
func (d *door) overloaded() error {
	d.SetHeader("Retry-After", "1")
	return errOverloaded
}

var errOverloaded = &apiphant.Error{Status: http.StatusServiceUnavailable}

// watch looks at the running requests in sweeps, and logs what an operator should
// know: functions that ignore the end of their context, and what was refused. The
// function that it returns ends the sweeps.
func (s *Server) watch() (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer connection.Survive(s.log, "watching the running requests")
		ticker := time.NewTicker(s.timeouts.sweep)
		defer ticker.Stop()
		var logged Shed
		var trimmer trimmer
		for {
			select {
			case now := <-ticker.C:
				s.sweep(now)
				logged = s.logShed(logged)
				trimmer.look(s)
			case <-stop:
				s.logShed(logged)
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

func (s *Server) sweep(now time.Time) {
	var overdue int64
	s.conns.each(func(c *conn) {
		if c.running.look(s, now) {
			overdue++
		}
	})
	s.overdue.Store(overdue)
}

// look reports whether the call is past its deadline, by a sweep at least, so that
// the function had time to notice. When it began is known to within a sweep.
func (c *runningCall) look(s *Server, now time.Time) (overdue bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.endpoint == nil {
		return false
	}
	timeout := timeoutOf(s.API, c.endpoint)
	switch {
	case timeout <= 0:
		return false
	case c.seen.IsZero():
		c.seen = now
	case !c.overdue && now.Sub(c.seen) >= timeout+s.timeouts.sweep:
		c.overdue = true
		s.log.Warn(fmt.Sprintf("%s ignores its context: it still runs %s after it began, its deadline was %s",
			c.endpoint.Path(), now.Sub(c.seen).Round(time.Second), timeout), slog.String("request_id", c.id))
	}
	return c.overdue
}

// logShed logs what was refused after an earlier sum.
func (s *Server) logShed(logged Shed) Shed {
	now := s.shed.sum()
	if now != logged {
		s.log.Warn("Overloaded: refused " + now.since(logged).String())
	}
	return now
}

// Stats is what a server does at a moment. It is not exact, since requests come and
// go while it is taken.
type Stats struct {
	Connections int   // open connections
	Running     int64 // requests whose functions run
	Streams     int64 // of these, those whose responses are being sent while the function runs
	Hijacked    int64 // connections that functions have taken over and that are open, or whose functions still run
	Overdue     int64 // of these, those whose functions ignore the end of their context
	BodyMemory  int64 // bytes that bodies and responses take of Server.BodyMemory
	Shed        Shed  // what was refused so far
}

// Stats may be called at any time, by any goroutine. Before Serve all is zero.
func (s *Server) Stats() Stats {
	if !s.prepared.Load() {
		return Stats{}
	}
	return Stats{
		Connections: s.conns.count(),
		Running:     s.calls.used(),
		Streams:     s.sending.Load(),
		Hijacked:    s.hijacked.Load(),
		Overdue:     s.overdue.Load(),
		BodyMemory:  s.bodies.used(),
		Shed:        s.shed.sum(),
	}
}
