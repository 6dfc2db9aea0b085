package server

import (
	"net"

	"go.uber.org/zap"
)

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
