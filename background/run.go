package background

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/apiphant/apiphant"
)

const (
	onErrorTimeout = 30 * time.Second
	stuckAfter     = 10 * time.Second // a run goes on though its context has ended
	stopGrace      = 2 * time.Second  // for what runs when the drain is over
)

// runner runs one thing, and does all that belongs to it.
type runner struct {
	log     *zap.Logger
	onError func(ctx context.Context, failure Failure) error
	metrics *Metrics
	base    context.Context // ends when the program can't wait any longer
}

// run is one thing to run.
type run struct {
	name    string
	job     bool
	attempt int
	last    bool
	timeout time.Duration // 0: none
	place   string
	f       func(ctx context.Context) error
}

// Run runs it, logs how it went, counts it, and tells OnError of a failure. Its
// name is the one in the log.
func (r *runner) Run(ctx context.Context, run run) error {
	ctx = apiphant.WithLog(ctx, apiphant.Log(ctx).With(strings.ToLower(kind(run.job)), run.name))
	started := time.Now()
	outcome := r.call(ctx, run)
	took := time.Since(started)
	r.metrics.ran(run, outcome, started, took)
	if outcome.err == nil {
		r.log.Info(kind(run.job) + " " + run.name + ": OK.")
		return nil
	}
	if outcome.interrupted && run.job {
		r.log.Warn("Job " + run.name + " is interrupted by the end of the program, and will be begun anew")
		return outcome.err
	}
	failure := Failure{
		Task: run.name, Err: outcome.err, Stack: outcome.stack, Panic: outcome.panicked, Started: started, Took: took,
		Job: run.job, Attempt: run.attempt, Last: run.last,
	}
	r.log.Error(failure.title(), zap.String("stack", failure.details()))
	if r.onError == nil {
		return outcome.err
	}
	hook := r.hook(ctx, failure)
	if hook.err == nil {
		r.log.Info("OnError: OK.")
	} else if hook.panicked {
		r.log.Error("OnError failed: "+hook.err.Error(), zap.String("stack", hook.stack))
	} else {
		r.log.Error("OnError failed: " + hook.err.Error())
	}
	return outcome.err
}

// hook calls OnError. It is given time to tell of a run that the end of the
// program has interrupted.
func (r *runner) hook(ctx context.Context, failure Failure) outcome {
	limit := onErrorTimeout
	if r.base.Err() != nil {
		limit = stopGrace
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	done := start(ctx, func(ctx context.Context) error { return r.onError(ctx, failure) })
	select {
	case result := <-done:
		return result
	case <-ctx.Done():
	}
	select {
	case result := <-done:
		return result
	case <-time.After(stopGrace):
		return outcome{err: fmt.Errorf("it did not return within %s", limit)}
	}
}

// outcome is how a run went.
type outcome struct {
	err         error
	stack       string
	panicked    bool
	interrupted bool // the program had to end before it was done
}

// call calls the function and waits for it, for longer than its timeout if need
// be, since nothing may run over it; but not for longer than the program can.
func (r *runner) call(ctx context.Context, run run) outcome {
	if run.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, run.timeout)
		defer cancel()
	}
	done := start(ctx, run.f)
	stuck, ended := ctx.Done(), r.base.Done()
	var warn, abandon <-chan time.Time
	for {
		select {
		case result := <-done:
			if result.err != nil && result.stack == "" {
				result.stack = stackOf(result.err, run.place)
			}
			if errors.Is(result.err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				result.err = fmt.Errorf("%w: its timeout is %s", result.err, run.timeout)
			}
			if errors.Is(result.err, context.Canceled) && r.base.Err() != nil {
				result.interrupted = true
				result.err = fmt.Errorf("%w: the program had to end before it was done", result.err)
			}
			return result
		case <-stuck:
			stuck, warn = nil, time.After(stuckAfter)
		case <-warn:
			r.log.Warn(kind(run.job) + " " + run.name + " still runs, though its context has ended")
		case <-ended:
			ended, abandon = nil, time.After(stopGrace)
		case <-abandon:
			return outcome{err: errors.New("interrupted by the end of the program, and did not return"), stack: run.place, interrupted: true}
		}
	}
}

// start runs f in a goroutine of its own, so that whatever it does ends nothing
// but that.
func start(ctx context.Context, f func(context.Context) error) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		result := outcome{err: errors.New("ended its goroutine (runtime.Goexit)"), panicked: true}
		defer func() {
			if value := recover(); value != nil {
				result = outcome{err: fmt.Errorf("panic: %v", value), stack: panicStack(), panicked: true}
				if cause, ok := value.(error); ok {
					result.err = fmt.Errorf("panic: %w", cause)
				}
			}
			done <- result
		}()
		result = outcome{err: f(ctx)}
	}()
	return done
}

// panicStack returns the stack from where the panic was on, without what
// recovered it and what called the function.
func panicStack() string {
	lines := strings.Split(strings.TrimSpace(string(debug.Stack())), "\n")
	from, to := 1, len(lines)
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "panic("):
			from = i + 2
		case strings.Contains(line, "background.start.func1(") && i > from:
			to = i
		}
	}
	return strings.Join(append(lines[:1:1], lines[min(from, to):to]...), "\n")
}
