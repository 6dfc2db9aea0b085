package server

import (
	"net"
	"time"
)

// Hurry shortens every wait that has no setting: a body's grace becomes d, and
// the others as much in their own proportion.
func (s *Server) Hurry(d time.Duration) {
	s.patience = patience{bodyGrace: d, skip: d, write: 6 * d, linger: d, lingerAll: 4 * d, first: 10 * d, last: time.Millisecond, handshake: 10 * time.Millisecond, cancelled: time.Second, park: d, sweep: d}
}

// SweepEvery shortens nothing but the time between two sweeps.
func (s *Server) SweepEvery(d time.Duration) {
	s.patience = defaultPatience
	s.patience.sweep = d
}

// What the tests of bounds count with.
const (
	MaxSkippedBody = maxSkippedBody
	MaxBuffered    = maxBuffered
	BodyMinRate    = bodyMinRate
	MaxSpare       = maxSpare
	SpareTime      = spareTime
)

// AllowedWait is how long may be waited for the next byte of a body.
func AllowedWait(grace, waited time.Duration, came int64) time.Duration {
	return (&bodyRate{grace: grace, waited: waited, came: came}).allowed()
}

// IsSole tells whether nobody else is taken to hold a listener.
func IsSole(ln net.Listener) bool { return isSole(ln) }
