package apiphant

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/apiphant/apiphant/internal/trace"
)

// callContext is the context of one call. Its deadline needs no timer until Done is
// called: only then a context of the standard library is made, the inner context,
// which is responsible for everything from then on. A callContext may be kept after
// its call, as any context may, and is cancelled by then. Where neither Done nor Err
// was called before the call ended, it is cancelled by that, not by its deadline.
// The first call of Done or Err also begins to watch the client.
type callContext struct {
	parent   context.Context
	deadline time.Time // zero: none
	id       string
	trace    string // the traceparent; "": none came
	door     Door   // not to be used once ended

	lastEvent string // the Last-Event-ID of a stream; set before its function is called

	mu      sync.Mutex
	ended   bool
	watched bool
	beginBy time.Time       // when the answer has to have begun; zero: at any time
	late    *time.Timer     // ends inner at beginBy; nil: none
	inner   context.Context // made by the first Done
	cancel  context.CancelCauseFunc
	user    string       // who is calling, for the log; "": nobody knows
	logger  *slog.Logger // made by the first Log
}

func (c *callContext) Deadline() (time.Time, bool) {
	parent, ok := c.parent.Deadline()
	if c.deadline.IsZero() || ok && parent.Before(c.deadline) {
		return parent, ok
	}
	return c.deadline, true
}

func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch()
	c.wait()
	return c.inner.Done()
}

// wait makes the inner context if there is none yet. It is called with mu locked.
func (c *callContext) wait() {
	if c.inner != nil {
		return
	}
	c.inner, c.cancel = context.WithCancelCause(c.parent)
	if c.ended {
		c.cancel(nil)
	} else if !c.deadline.IsZero() {
		end := c.cancel
		inner, stop := context.WithDeadline(c.inner, c.deadline)
		c.inner, c.cancel = inner, func(cause error) { end(cause); stop() }
	}
	if !c.ended && !c.beginBy.IsZero() {
		c.late = time.AfterFunc(time.Until(c.beginBy), c.endLate)
	}
}

// endLate ends the context if the answer has not begun.
func (c *callContext) endLate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.beginBy.IsZero() {
		c.wait()
		c.cancel(errBeginsLate) // of no effect once ended
	}
}

// errBeginsLate is the cause of the end of a context whose stream had no first row
// in time.
var errBeginsLate = fmt.Errorf("the stream did not begin in time: %w", context.DeadlineExceeded)

// begun says that the answer has begun in time.
func (c *callContext) begun() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beginBy = time.Time{}
	if c.late != nil {
		c.late.Stop()
	}
}

// watch asks a door that can to call loseClient when the client goes away.
func (c *callContext) watch() {
	if c.watched || c.ended {
		return
	}
	c.watched = true
	if door, ok := c.door.(ClientWatcher); ok {
		door.WatchClient(c.loseClient)
	}
}

func (c *callContext) loseClient() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait()
	c.cancel(ErrClientGone) // of no effect once ended
}

func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch()
	if c.inner == nil && !c.beginBy.IsZero() {
		c.wait()
	}
	if c.inner == nil && (c.ended || !c.deadline.IsZero() && !time.Now().Before(c.deadline)) {
		c.wait() // so that later calls return the same error
	}
	if c.inner != nil {
		return c.inner.Err()
	}
	return c.parent.Err()
}

// Value asks the inner context where there is one, so that contexts that are derived
// from this one find it and need no goroutine to wait for its end.
func (c *callContext) Value(key any) any {
	switch key {
	case logKey{}:
		return c.log()
	case traceKey{}:
		return c.trace
	case lastEventKey{}:
		return c.lastEvent
	}
	c.mu.Lock()
	inner := c.inner
	c.mu.Unlock()
	if inner != nil {
		return inner.Value(key)
	}
	return c.parent.Value(key)
}

func (c *callContext) log() *slog.Logger {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.logger == nil {
		c.logger = Log(c.parent).With("request_id", c.id)
		if c.trace != "" {
			c.logger = c.logger.With("trace_id", trace.ID(c.trace), "parent_id", trace.ParentID(c.trace))
		}
		if c.user != "" {
			c.logger = c.logger.With("user", c.user)
		}
	}
	return c.logger
}

func (c *callContext) setUser(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.user, c.logger = name, nil
}

func (c *callContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.late != nil {
		c.late.Stop()
	}
	if c.cancel != nil {
		c.cancel(nil)
	}
}
