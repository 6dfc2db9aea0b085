package connection

import (
	"log/slog"
	"sync"
	"time"
)

// WatchDelay is how long a call must have been watched, at least, before the
// system is asked to watch its client; it may be twice as long. Most calls have
// ended by then, and cost no system call.
const WatchDelay = 5 * time.Millisecond

// Watcher tells calls that their client has gone away: it has closed the
// connection, or the half of it that it sends on. The two can't be told apart
// without sending something.
//
// A call that wants to know is put in a list. What is still in it after
// WatchDelay is given to the system.
type Watcher struct {
	log     *slog.Logger
	sockets *sockets
	ended   chan struct{} // closed when listen has returned

	mu      sync.Mutex
	recent  []*Conn          // with calls that were added since the last pass or the one before
	spare   []*Conn          // memory for recent
	timer   *time.Timer      // of the next pass; nil: there was none yet
	passing bool             // a pass runs, or its timer does
	given   map[uint64]*Conn // to the system, by a number that is never used again
	last    uint64           // of these numbers
	closed  bool
}

// watch is what a Watcher knows of one connection.
type watch struct {
	mu     sync.Mutex
	gone   func() // of the call that is watched; nil: there is none
	listed bool   // the connection is in Watcher.recent, or will be in a moment
	passed bool   // there was a pass since the call was added
	number uint64 // under which the system has the connection; 0: it has not
}

// NewWatcher begins to watch. It returns nil on a system that can't do that.
func NewWatcher(log *slog.Logger) *Watcher {
	sockets, err := openSockets()
	if err != nil {
		log.Info("Calls are not told when their client goes away, only of their deadline: " + err.Error())
		return nil
	}
	w := &Watcher{log: log, sockets: sockets, ended: make(chan struct{}), given: map[uint64]*Conn{}}
	go w.listen()
	return w
}

// Close ends the watcher: no call is told any more. The watcher may be nil.
func (w *Watcher) Close() {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.closed = true
	if w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Unlock()
	w.sockets.close()
	<-w.ended
}

// Add lets gone be called by another goroutine when the client of a connection
// goes away, until Remove.
func (w *Watcher) Add(c *Conn, gone func()) {
	c.watch.mu.Lock()
	listed := c.watch.listed
	c.watch.gone, c.watch.passed, c.watch.listed = gone, false, true
	c.watch.mu.Unlock()
	if listed {
		return // for an earlier call
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recent = append(w.recent, c)
	if !w.passing {
		w.passLater()
	}
}

// Remove ends what Add began. It must come before the next Add for the same
// connection, and before the connection is closed.
func (w *Watcher) Remove(c *Conn) {
	c.watch.mu.Lock()
	number := c.watch.number
	c.watch.gone, c.watch.number = nil, 0
	c.watch.mu.Unlock()
	if number == 0 {
		return
	}
	w.mu.Lock()
	delete(w.given, number)
	w.mu.Unlock()
	w.sockets.remove(c.socket())
}

// passLater lets pass run after WatchDelay. It is called with mu held.
func (w *Watcher) passLater() {
	w.passing = !w.closed
	switch {
	case w.closed:
	case w.timer == nil:
		w.timer = time.AfterFunc(WatchDelay, w.pass)
	default:
		w.timer.Reset(WatchDelay)
	}
}

// pass gives to the system what is in the list since the pass before.
func (w *Watcher) pass() {
	w.mu.Lock()
	recent := w.recent
	w.recent = w.spare[:0]
	w.mu.Unlock()
	still := recent[:0]
	for _, c := range recent {
		if w.isRecent(c) {
			still = append(still, c)
		}
	}
	clear(recent[len(still):])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recent, w.spare = append(still, w.recent...), w.recent
	clear(w.spare)
	w.passing = false
	if len(w.recent) > 0 {
		w.passLater()
	}
}

// isRecent reports whether a connection stays in the list for the next pass,
// since its call was added after the last one. Another call that still runs is
// given to the system.
func (w *Watcher) isRecent(c *Conn) bool {
	defer Survive(w.log, "watching a client")
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if c.watch.gone != nil && !c.watch.passed {
		c.watch.passed = true
		return true
	}
	c.watch.listed = false
	if c.watch.gone != nil {
		w.give(c)
	}
	return false
}

// give lets the system watch a connection. It is called with the lock of the
// connection's watch held, so that notify waits for the number to be set.
func (w *Watcher) give(c *Conn) {
	w.mu.Lock()
	w.last++
	number := w.last
	w.given[number] = c
	w.mu.Unlock()
	err := w.sockets.add(c.socket(), number)
	if err == nil {
		c.watch.number = number
		return
	}
	w.log.Debug("Can't watch a client: " + err.Error())
	w.mu.Lock()
	delete(w.given, number)
	w.mu.Unlock()
}

func (w *Watcher) listen() {
	defer close(w.ended)
	for w.waitOnce() {
	}
}

// waitOnce waits for clients to go away and tells their calls. It reports
// whether there may be more to wait for, which is so after a panic, too.
func (w *Watcher) waitOnce() (more bool) {
	more = true
	defer Survive(w.log, "telling a call that its client has gone")
	return w.sockets.wait(w.notify) == nil
}

// notify tells the call that the system has under a number, if it still runs.
func (w *Watcher) notify(number uint64) {
	w.mu.Lock()
	c := w.given[number]
	delete(w.given, number)
	w.mu.Unlock()
	if c == nil {
		return
	}
	c.watch.mu.Lock()
	gone := c.watch.gone
	if c.watch.number != number {
		gone = nil
	}
	c.watch.mu.Unlock()
	if gone != nil {
		gone()
	}
}
