package server

import (
	"net"
	"time"

	"go.uber.org/zap"
)

// Hurry shortens every wait that has no setting: a body's grace becomes d, and
// the others as much in their own proportion.
func (s *Server) Hurry(d time.Duration) {
	s.patience = patience{bodyGrace: d, skip: d, write: 6 * d, linger: d, lingerAll: 4 * d, first: 10 * d, last: time.Millisecond, handshake: 10 * time.Millisecond, cancelled: time.Second}
}

// What the tests of bounds count with.
const (
	MaxSkippedBody = maxSkippedBody
	MaxBuffered    = maxBuffered
	BodyMinRate    = bodyMinRate
)

// AllowedWait is how long may be waited for the next byte of a body.
func AllowedWait(grace, waited time.Duration, came int64) time.Duration {
	return (&bodyRate{grace: grace, waited: waited, came: came}).allowed()
}

// Settling is the least age of a call whose client is watched.
const Settling = settling

// Watcher lets a benchmark watch one connection.
type Watcher struct {
	watcher *watcher
	conn    *conn
}

// NewWatcher returns nil where clients can't be watched.
func NewWatcher(c net.Conn) *Watcher {
	if w := newWatcher(zap.NewNop()); w != nil {
		return &Watcher{w, &conn{Conn: c}}
	}
	return nil
}

func (w *Watcher) Begin(gone func()) { w.watcher.begin(w.conn, gone) }
func (w *Watcher) End()              { w.watcher.end(w.conn) }
func (w *Watcher) Close()            { w.watcher.close() }

// Arm does at once what happens to a call that is old enough.
func (w *Watcher) Arm() {
	w.conn.watch.mu.Lock()
	defer w.conn.watch.mu.Unlock()
	w.watcher.arm(w.conn)
}
