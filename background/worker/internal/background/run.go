// Package background calls one function of a product as a worker does: it
// recovers panics, waits for the function, logs the outcome, counts it and calls
// OnError. It is named background because the log names the package and function
// that a line comes from, and the lines about tasks say background.Run.
package background

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
)

const (
	onErrorTimeout = 30 * time.Second
	warnAfter      = 10 * time.Second // of running on after the context has ended

	// StopGrace is how long a function may take to return once Ended is closed.
	StopGrace = 2 * time.Second
)

// Outcomes of a call, as metrics have them.
const (
	OK     = "ok"
	Failed = "failed"
	Panic  = "panic"
)

// Runner calls functions. Run may be called concurrently.
type Runner struct {
	Log     *slog.Logger
	OnError func(ctx context.Context, failure background.Failure) error // nil: none
	Count   func(call Call, outcome string, ended time.Time, took time.Duration)
	Ended   <-chan struct{} // closed when the program waits no longer than StopGrace
}

// Call is one run of a task or one attempt of a job.
type Call struct {
	Name     string
	Job      bool
	Attempt  int
	Last     bool
	Timeout  time.Duration // 0: no limit
	Function any           // of the product, for the log
	Run      func(ctx context.Context) error
}

func (c Call) String() string { return c.kind() + " " + c.Name }

func (c Call) kind() string {
	if c.Job {
		return "Job"
	}
	return "Task"
}

// Run calls the function and returns its error, which is logged then.
func (r *Runner) Run(ctx context.Context, call Call) error {
	ctx = apiphant.WithLog(ctx, apiphant.Log(ctx).With(strings.ToLower(call.kind()), call.Name))
	started := time.Now()
	result := r.wait(ctx, call)
	took := time.Since(started)
	r.Count(call, result.outcome(), started.Add(took), took)
	if result.err == nil {
		r.Log.InfoContext(ctx, call.String()+": OK.")
		return nil
	}
	if result.interrupted && call.Job {
		r.Log.WarnContext(ctx, call.String()+" is interrupted by the end of the program, and will be repeated")
		return result.err
	}
	failure := background.Failure{
		Task: call.Name, Err: result.err, Stack: result.stack, Panic: result.panicked, Started: started, Took: took,
		Job: call.Job, Attempt: call.Attempt, Last: call.Last,
	}
	title, details, _ := strings.Cut(failure.String(), "\n")
	r.Log.ErrorContext(ctx, title, "stack", details)
	if r.OnError == nil {
		return result.err
	}
	switch hook := r.callOnError(ctx, failure); {
	case hook.err == nil:
		r.Log.InfoContext(ctx, "OnError: OK.")
	case hook.panicked:
		r.Log.ErrorContext(ctx, "OnError failed: "+hook.err.Error(), "stack", hook.stack)
	default:
		r.Log.ErrorContext(ctx, "OnError failed: "+hook.err.Error())
	}
	return result.err
}

// callOnError calls OnError with a context of its own, since that of the run may
// have ended. At the end of the program it has less time.
func (r *Runner) callOnError(ctx context.Context, failure background.Failure) result {
	limit := onErrorTimeout
	if r.hasEnded() {
		limit = StopGrace
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	done := start(ctx, func(ctx context.Context) error { return r.OnError(ctx, failure) })
	select {
	case err := <-done:
		return resultOf(err)
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return resultOf(err)
	case <-time.After(StopGrace):
		return result{err: fmt.Errorf("it did not return within %s", limit)}
	}
}

func (r *Runner) hasEnded() bool {
	select {
	case <-r.Ended:
		return true
	default:
		return false
	}
}

// wait calls the function and waits until it returns. It waits beyond the
// timeout, since a task must not run at the same time as itself, but not beyond
// StopGrace after the end of the program.
func (r *Runner) wait(ctx context.Context, call Call) result {
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Timeout)
		defer cancel()
	}
	done := start(ctx, call.Run)
	cancelled, ended := ctx.Done(), r.Ended
	var warn, abandon <-chan time.Time
	for {
		select {
		case err := <-done:
			return r.explain(ctx, call, resultOf(err))
		case <-cancelled:
			cancelled, warn = nil, time.After(warnAfter)
		case <-warn:
			r.Log.WarnContext(ctx, call.String()+" is still running, though its context has ended")
		case <-ended:
			ended, abandon = nil, time.After(StopGrace)
		case <-abandon:
			return result{
				err:   errors.New("interrupted by the end of the program, and did not return"),
				stack: declaration(call.Function), interrupted: true,
			}
		}
	}
}

// explain adds to an error where it comes from, and why the context had ended.
func (r *Runner) explain(ctx context.Context, call Call, result result) result {
	if result.err == nil {
		return result
	}
	if result.stack == "" {
		result.stack = stackOf(result.err, call.Function)
	}
	if errors.Is(result.err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		result.err = fmt.Errorf("%w: its timeout is %s", result.err, call.Timeout)
	}
	if errors.Is(result.err, context.Canceled) && r.hasEnded() {
		result.interrupted = true
		result.err = fmt.Errorf("%w: the program had to end before it was done", result.err)
	}
	return result
}
