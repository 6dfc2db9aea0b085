// Package tick keeps the scheduled time of a run in the run's context.
package tick

import (
	"context"
	"time"
)

type key struct{}

// With returns a context of a run that was scheduled for t.
func With(ctx context.Context, t time.Time) context.Context {
	return context.WithValue(ctx, key{}, t)
}

// Of returns the time that a run was scheduled for, and the zero time for a
// context that is not of a task's run.
func Of(ctx context.Context) time.Time {
	t, _ := ctx.Value(key{}).(time.Time)
	return t
}
