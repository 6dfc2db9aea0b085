package worker

import (
	"context"
	"fmt"
	"time"
)

const (
	// onceWait is how long [Worker.Once] waits for a task that another worker runs.
	onceWait  = 2 * time.Second
	oncePause = 20 * time.Millisecond // between two attempts
)

// once runs a task outside of its schedule. It holds the task meanwhile, and
// changes neither its schedule nor its last tick.
func (s *session) once(ctx context.Context, t *task) (ok bool, err error) {
	now, err := s.hold(ctx, t)
	if err != nil {
		return false, err
	}
	call := t.call()
	call.Repeated = false
	failed := s.runner.Run(s.taskContext(now), call)
	return failed == nil, s.ledger.Free(context.WithoutCancel(ctx), t.Name)
}

// hold holds a task, and returns the time. It waits a little for a worker that
// runs the task.
func (s *session) hold(ctx context.Context, t *task) (now time.Time, err error) {
	for end := time.Now().Add(onceWait); ; sleep(ctx, oncePause) {
		if held, err := s.ledger.Hold(ctx, t.Name); err != nil {
			return time.Time{}, err
		} else if held {
			state, err := s.ledger.Read(ctx)
			return state.Now, err
		}
		if ctx.Err() != nil {
			return time.Time{}, ctx.Err()
		}
		if time.Now().After(end) {
			return time.Time{}, fmt.Errorf("another worker runs task %s", t.Name)
		}
	}
}
