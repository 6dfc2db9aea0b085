package apiphant

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/apiphant/apiphant/internal/trace"
)

// callContext is the context of one call. Its deadline costs nothing until
// someone waits for it: only then the standard library's context, with its
// timer, is made, and from then on it answers for everything. It may be kept
// after the call, as any context may: it is cancelled then. One that nobody
// looked at before is cancelled by the call's end, not by its deadline. The
// client is watched from the first look on, too.
type callContext struct {
	parent   context.Context
	deadline time.Time // zero: none
	id       string
	trace    string // "": none came
	door     Door   // not to be touched once ended

	mu      sync.Mutex
	ended   bool
	watched bool
	inner   context.Context // made by the first Done
	cancel  context.CancelCauseFunc
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

// wait makes the inner context, if there is none yet.
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
	if c.inner == nil && (c.ended || !c.deadline.IsZero() && !time.Now().Before(c.deadline)) {
		c.wait() // so that an error, once given, stays the same one
	}
	if c.inner != nil {
		return c.inner.Err()
	}
	return c.parent.Err()
}

// Value answers for the inner context once there is one, so that contexts made
// from this one find it and attach to it without a goroutine.
func (c *callContext) Value(key any) any {
	switch key {
	case logKey{}:
		return c.log()
	case traceKey{}:
		return c.trace
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
	}
	return c.logger
}

func (c *callContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.cancel != nil {
		c.cancel(nil)
	}
}
