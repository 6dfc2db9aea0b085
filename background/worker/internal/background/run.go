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
	"sync/atomic"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
)

const (
	onErrorTimeout = 30 * time.Second
	warnAfter      = 10 * time.Second // of running on after the context has ended

	// StopGrace is how long a function may take to return once Ended is closed.
	StopGrace = time.Second

	// OnError may take hookGrace once Ended is closed; then its context ends, and
	// it is waited for returnGrace more.
	hookGrace   = 500 * time.Millisecond
	returnGrace = 200 * time.Millisecond
)

// ErrEnded is the cause with which the contexts of functions end at the end of
// the program. What a function returns after that is not its failure: [Runner.Run]
// returns an error that wraps ErrEnded.
var ErrEnded = errors.New("the program had to end before it was done")

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
	Ended   <-chan struct{} // closed when the program waits no longer than StopGrace, and contexts end with ErrEnded

	running atomic.Int32
}

// Running returns how many functions run, OnError among them.
func (r *Runner) Running() int { return int(r.running.Load()) }

// Call is one run of a task or one attempt of a job.
type Call struct {
	Name     string
	Job      bool
	Attempt  int
	Last     bool
	Timeout  time.Duration // 0: no limit
	Repeated bool          // it will be run again if the end of the program interrupts it
	Function any           // of the product, for the log
	Run      func(ctx context.Context) error

	GivenUp error // why it is not run any more, which counts as its failure; nil: it is run
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
	r.running.Add(1)
	defer r.running.Add(-1)
	ctx = apiphant.WithLog(ctx, apiphant.Log(ctx).With(strings.ToLower(call.kind()), call.Name))
	started := time.Now()
	result := r.wait(ctx, call)
	took := time.Since(started)
	if result.interrupted && call.Repeated {
		r.Log.WarnContext(ctx, call.String()+" is interrupted by the end of the program, and will be repeated", call.fields()...)
		return result.err
	}
	r.Count(call, result.outcome(), started.Add(took), took)
	if result.err == nil {
		r.Log.InfoContext(ctx, call.String()+": OK.", call.fields()...)
		return nil
	}
	failure := background.Failure{
		Task: call.Name, Err: result.err, Stack: result.stack, Panic: result.panicked, Started: started, Took: took,
		Job: call.Job, Attempt: call.Attempt, Last: call.Last,
	}
	title, details, _ := strings.Cut(failure.String(), "\n")
	r.Log.ErrorContext(ctx, title, call.failed(result.err, details)...)
	if r.OnError == nil {
		return result.err
	}
	switch hook := r.callOnError(ctx, failure); {
	case hook.err == nil:
		r.Log.InfoContext(ctx, "OnError: OK.", call.fields()...)
	default:
		r.Log.ErrorContext(ctx, "OnError failed: "+hook.err.Error(), call.failed(hook.err, hook.stack)...)
	}
	return result.err
}

// callOnError calls OnError with a context of its own, since that of the run may
// have ended. At the end of the program it has less time.
func (r *Runner) callOnError(ctx context.Context, failure background.Failure) result {
	started := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), onErrorTimeout)
	defer cancel()
	done := start(ctx, func(ctx context.Context) error { return r.OnError(ctx, failure) })
	expired, ended := ctx.Done(), r.Ended
	var abandon <-chan time.Time
	for {
		select {
		case err := <-done:
			return resultOf(err)
		case <-expired:
			expired, abandon = nil, time.After(returnGrace)
		case <-ended:
			ended = nil
			defer time.AfterFunc(hookGrace, cancel).Stop()
		case <-abandon:
			return result{err: fmt.Errorf("it did not return within %s", time.Since(started).Round(100*time.Millisecond))}
		}
	}
}

// wait calls the function and waits until it returns. It waits beyond the
// timeout, since a task must not run at the same time as itself, but not beyond
// StopGrace after the end of the program.
func (r *Runner) wait(ctx context.Context, call Call) result {
	if call.GivenUp != nil {
		return result{err: call.GivenUp, stack: declaration(call.Function)}
	}
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, call.Timeout, fmt.Errorf("its timeout is %s", call.Timeout))
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
				err:   fmt.Errorf("%w, and it did not return", ErrEnded),
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
	if ctx.Err() == nil || result.panicked {
		return result
	}
	cause := context.Cause(ctx)
	result.interrupted = errors.Is(cause, ErrEnded)
	if !errors.Is(result.err, cause) {
		result.err = fmt.Errorf("%w: %w", result.err, cause)
	}
	return result
}
