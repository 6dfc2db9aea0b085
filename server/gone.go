package server

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// settling is how old a wish to know is, at least, before the system is asked to
// watch a client; it is at most twice as old. Most calls have ended by then.
const settling = 5 * time.Millisecond

// watcher tells calls that their client has gone away. Only calls that want to
// know are in it. They cost a place in a list at first; what is still there
// after settling is given to the system.
//
// Gone is who has closed the connection, or the half of it that it sends on:
// the two can't be told apart without sending something.
type watcher struct {
	log     *zap.Logger
	sockets *sockets
	ended   chan struct{} // closed when listen has returned

	mu      sync.Mutex
	young   []*conn          // whose calls have asked just now
	spare   []*conn          // memory for young
	timer   *time.Timer      // of the next pass; nil: there was none yet
	passing bool             // a pass is to come, or runs
	armed   map[uint64]*conn // by the number of the arming, which is never used again
	last    uint64
	closed  bool
}

// watch is what a watcher knows of one connection.
type watch struct {
	mu     sync.Mutex
	gone   func() // tells the call that is watched; nil: there is none
	young  bool   // the connection is in watcher.young, or will be in a moment
	passed bool   // watcher.young was gone through since the call asked
	number uint64 // of the arming; 0: not armed
}

// newWatcher begins to watch; nil is a system on which it is not known how.
func newWatcher(log *zap.Logger) *watcher {
	sockets, err := openSockets()
	if err != nil {
		log.Info("Calls are not told when their client goes away, only of their deadline: " + err.Error())
		return nil
	}
	w := &watcher{log: log, sockets: sockets, ended: make(chan struct{}), armed: map[uint64]*conn{}}
	go w.listen()
	return w
}

// close ends the watcher: no call is told any more.
func (w *watcher) close() {
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

// begin lets gone be called when the client goes, until end.
func (w *watcher) begin(c *conn, gone func()) {
	c.watch.mu.Lock()
	known := c.watch.young
	c.watch.gone, c.watch.passed, c.watch.young = gone, false, true
	c.watch.mu.Unlock()
	if known {
		return // of an earlier call
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.young = append(w.young, c)
	if !w.passing {
		w.passLater()
	}
}

// end comes before the next begin of the same connection, and before the
// connection is closed.
func (w *watcher) end(c *conn) {
	c.watch.mu.Lock()
	number := c.watch.number
	c.watch.gone, c.watch.number = nil, 0
	c.watch.mu.Unlock()
	if number == 0 {
		return
	}
	w.mu.Lock()
	delete(w.armed, number)
	w.mu.Unlock()
	w.sockets.remove(c.socket())
}

// passLater is called under mu.
func (w *watcher) passLater() {
	w.passing = !w.closed
	switch {
	case w.closed:
	case w.timer == nil:
		w.timer = time.AfterFunc(settling, w.pass)
	default:
		w.timer.Reset(settling)
	}
}

// pass goes through the young.
func (w *watcher) pass() {
	w.mu.Lock()
	young := w.young
	w.young = w.spare[:0]
	w.mu.Unlock()
	still := young[:0]
	for _, c := range young {
		if w.isYoung(c) {
			still = append(still, c)
		}
	}
	clear(young[len(still):])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.young, w.spare = append(still, w.young...), w.young
	clear(w.spare)
	w.passing = false
	if len(w.young) > 0 {
		w.passLater()
	}
}

// isYoung tells whether a connection is for the next pass: its call has asked
// since the last one. An older call is armed, and one that has ended forgotten.
func (w *watcher) isYoung(c *conn) bool {
	defer survive(w.log, "watching a client")
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if c.watch.gone != nil && !c.watch.passed {
		c.watch.passed = true
		return true
	}
	c.watch.young = false
	if c.watch.gone != nil {
		w.arm(c)
	}
	return false
}

// arm gives a connection to the system. It is called under the watch's mu, for
// which whoever hears of the connection at once waits.
func (w *watcher) arm(c *conn) {
	w.mu.Lock()
	w.last++
	number := w.last
	w.armed[number] = c
	w.mu.Unlock()
	err := w.sockets.add(c.socket(), number)
	if err == nil {
		c.watch.number = number
		return
	}
	w.log.Debug("Can't watch a client: " + err.Error())
	w.mu.Lock()
	delete(w.armed, number)
	w.mu.Unlock()
}

func (w *watcher) listen() {
	defer close(w.ended)
	for w.hear() {
	}
}

// hear waits for clients to go and tells their calls; false is the end.
func (w *watcher) hear() (more bool) {
	more = true // also after a panic
	defer survive(w.log, "telling a call that its client has gone")
	return w.sockets.wait(w.tell) == nil
}

// tell tells the call that was armed under a number, if it still runs.
func (w *watcher) tell(number uint64) {
	w.mu.Lock()
	c := w.armed[number]
	delete(w.armed, number)
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
