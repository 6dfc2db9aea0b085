package server

import (
	"net"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
)

// Hurry shortens every wait that has no setting: a body's grace becomes d, and
// the others as much in their own proportion.
func (s *Server) Hurry(d time.Duration) {
	s.timeouts = timeouts{
		Timeouts:  connection.Timeouts{Park: d, Write: 6 * d, First: 10 * d, Last: time.Millisecond, Linger: d, LingerAll: 4 * d},
		bodyGrace: d, skip: d, skipUnsent: min(d, 20*time.Millisecond), handshake: 10 * time.Millisecond, window: DefaultDrainWindow, cancelled: time.Second, first: d, sweep: d,
	}
}

// WaitUntilGone makes the drain window that a server has where none is set longer.
func (s *Server) WaitUntilGone(d time.Duration) *Server {
	s.timeouts = defaultTimeouts
	s.timeouts.window = d
	return s
}

// HasWindow reports whether WaitUntilGone was called.
func (s *Server) HasWindow() bool { return s.timeouts.window > DefaultDrainWindow }

// SweepEvery shortens nothing but the time between two sweeps.
func (s *Server) SweepEvery(d time.Duration) {
	s.timeouts = defaultTimeouts
	s.timeouts.sweep = d
}

// Refuser returns what refuses connections, so many at the same time.
func Refuser(most int) (refuse func(net.Conn)) {
	r := newRefuser(most)
	return r.refuse
}

// AwaitsFirst reports whether calls of an endpoint wait for its first response.
func (s *Server) AwaitsFirst(endpoint *apiphant.Endpoint) bool {
	return s.answers.expected[endpoint.Index].Load() == unknownSize
}

// AwaitFirst changes nothing but how long calls wait for an endpoint's first response.
func (s *Server) AwaitFirst(d time.Duration) {
	s.timeouts = defaultTimeouts
	s.timeouts.first = d
}

// What the tests of bounds count with.
const (
	MaxSkippedBody = maxSkippedBody
	MaxBuffered    = maxBuffered
	FirstAtOnce    = firstAtOnce
	MinRate        = connection.MinRate
	WatchDelay     = connection.WatchDelay
	MaxIdleWorkers = maxIdleWorkers
	WorkerLife     = workerLife
	FramingRoom    = connection.FramingRoom
	LargeAnswer    = largeAnswer
)

// IsSole reports whether nobody else is taken to hold a listener.
func IsSole(ln net.Listener) bool { return isSole(ln) }
