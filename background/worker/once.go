package worker

import (
	"context"
	"fmt"
	"time"
)

const (
	// onceWait is how long [Worker.Once] waits for a task that another worker has.
	onceWait  = 2 * time.Second
	oncePause = 20 * time.Millisecond // between two attempts
)

// once runs a task outside of its schedule.
func (s *session) once(ctx context.Context, t *task) (ok bool, err error) {
	if err := s.register(ctx); err != nil {
		return false, err
	}
	if err := s.claimNow(ctx, t); err != nil {
		return false, err
	}
	failed := s.runner.Run(s.taskContext(time.Now().Round(0)), t.call())
	return failed == nil, s.ledger.Release(context.WithoutCancel(ctx), t.Name, true)
}

// claimNow claims a task and leaves its last tick as it is. Other workers may
// take ticks of it meanwhile: then it reads the task's state again, or waits
// until the task is free.
func (s *session) claimNow(ctx context.Context, t *task) error {
	for end := time.Now().Add(onceWait); ; sleep(ctx, oncePause) {
		entries, err := s.ledger.Read(ctx)
		if err != nil {
			return err
		}
		if seen := entries[t.Name]; !seen.Busy {
			if claimed, err := s.ledger.Claim(ctx, t.Name, seen, seen.Tick); claimed || err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(end) {
			return fmt.Errorf("another worker runs task %s", t.Name)
		}
	}
}
