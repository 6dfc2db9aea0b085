package program

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/apiphant/apiphant/server"
)

// untilSignal returns a context that ends with the first SIGTERM or SIGINT, or
// SIGHUP where that ends the program, too (unless it is ignored, as by nohup). A
// second one ends the process at once: by the time the context has ended,
// signals do again what they do by default.
//
// Not so after a handover, when it was no signal to end that has ended the
// context: a service manager sends one to every process of a service.
func untilSignal(ctx context.Context, hangupEnds bool) (context.Context, context.CancelCauseFunc) {
	ctx, end := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	if hangupEnds && !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		if !errors.Is(context.Cause(ctx), server.ErrHandedOver) {
			signal.Stop(signals)
		}
		end(nil)
	}()
	return ctx, end
}
