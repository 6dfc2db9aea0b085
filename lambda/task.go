package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/internal/safely"
)

// hookTime is how long OnError may take, as where a worker calls it.
const hookTime = 30 * time.Second

// run runs a task as a worker does: within its timeout, and with OnError for a failure.
// It returns the error, which is logged then.
func (h *Handler) run(ctx context.Context, task *background.Task) error {
	name, began, bounded := nameOf(*task), time.Now(), ctx
	if timeout := cmp.Or(task.Timeout, background.DefaultTimeout); timeout > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("its timeout is %s", timeout))
		defer cancel()
	}
	err := safely.Run(func() error { return task.Run(bounded) })
	if err == nil {
		apiphant.Log(ctx).Info("Task " + name + ": OK.")
		return nil
	}
	if cause := context.Cause(bounded); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	apiphant.Log(ctx).Error("Task " + name + " failed: " + safely.WithStack(err).Error())
	failure := background.Failure{Task: name, Err: err, Started: began, Took: time.Since(began), Last: true}
	if panicked, ok := errors.AsType[*safely.Panic](err); ok {
		failure.Panic, failure.Stack = true, panicked.Stack
	}
	h.callOnError(ctx, failure)
	return fmt.Errorf("task %s: %w", name, err)
}

// callOnError calls OnError with a context of its own, since that of the run may have
// ended.
func (h *Handler) callOnError(ctx context.Context, failure background.Failure) {
	if h.OnError == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hookTime)
	defer cancel()
	if err := safely.Run(func() error { return h.OnError(ctx, failure) }); err != nil {
		apiphant.Log(ctx).Error("OnError failed: " + safely.WithStack(err).Error())
	}
}
