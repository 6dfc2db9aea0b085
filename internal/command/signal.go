package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// UntilSignal returns a context that ends with the first SIGTERM or SIGINT, or
// with SIGHUP if hangupEnds is true and SIGHUP is not ignored (nohup ignores
// it). A second signal kills the process: once the context has ended, signals
// have their default effect again.
//
// The caller must call end. If it calls end with an error before any signal has
// come, signals stay caught: a service manager sends SIGTERM to every process
// of a service, also to one that has just handed over to its successor.
func UntilSignal(ctx context.Context, hangupEnds bool) (_ context.Context, end context.CancelCauseFunc) {
	ctx, end = context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	if hangupEnds && !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case <-signals:
			signal.Stop(signals) // before the context ends, of which others hear
			end(nil)
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.Canceled) {
				signal.Stop(signals)
			}
		}
	}()
	return ctx, end
}
