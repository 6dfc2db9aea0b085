package logging

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
)

// TakeOver makes package log and [slog.Default] write to the log. Lines that are
// logged with the context of a call, as by [slog.InfoContext], have what
// [apiphant.Log] adds, such as the request's id.
//
// A product that has set slog's default or log's output before, in an init
// function or a variable, keeps both. One that sets them later, in its Start, does
// so over this. restore undoes TakeOver.
func (l *Log) TakeOver() (restore func()) {
	before, output, flags := slog.Default(), log.Writer(), log.Flags()
	if fmt.Sprintf("%T", before.Handler()) != "*slog.defaultHandler" || output != os.Stderr {
		return func() {}
	}
	own := slog.New(contextual{program: l.Handler()})
	slog.SetDefault(own) // sets log's output, too
	log.SetOutput(printed{l})
	log.SetFlags(0) // the log has the time
	return func() {
		if log.Writer() == (printed{l}) {
			log.SetOutput(output)
			log.SetFlags(flags)
		}
		if slog.Default() == own {
			slog.SetDefault(before)
		}
	}
}

// contextual hands a record to the logger of its context, and to the program's
// where the context has none.
type contextual struct {
	program slog.Handler
	with    []func(slog.Handler) slog.Handler // what was added by WithAttrs and WithGroup
}

func (h contextual) Enabled(ctx context.Context, level slog.Level) bool {
	return h.program.Enabled(ctx, level)
}

func (h contextual) Handle(ctx context.Context, record slog.Record) error {
	handler := h.program
	if inside := ctx.Value(handling{}); inside == nil {
		if logger := apiphant.Log(ctx); logger != slog.Default() { // which it is where the context has none
			handler = logger.Handler()
		}
		// The logger of the context may lead here: it can be made of slog's default.
		ctx = context.WithValue(ctx, handling{}, true)
	}
	for _, add := range h.with {
		handler = add(handler)
	}
	return handler.Handle(ctx, record)
}

// handling is the key of a context whose logger handles a record already.
type handling struct{}

func (h contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.add(func(handler slog.Handler) slog.Handler { return handler.WithAttrs(attrs) })
}

func (h contextual) WithGroup(name string) slog.Handler {
	return h.add(func(handler slog.Handler) slog.Handler { return handler.WithGroup(name) })
}

func (h contextual) add(f func(slog.Handler) slog.Handler) slog.Handler {
	h.with = append(h.with[:len(h.with):len(h.with)], f)
	return h
}

// printed is the output of package log.
type printed struct{ log *Log }

// Write logs a line with the place of the call of package log. It waits for the
// line to be written, no longer than Sync does: log.Fatal ends the process next.
func (p printed) Write(line []byte) (int, error) {
	record := slog.NewRecord(time.Now(), slog.LevelInfo, strings.TrimSuffix(string(line), "\n"), callerOfLog())
	err := p.log.Handler().Handle(context.Background(), record)
	p.log.Sync()
	return len(line), err
}

// callerOfLog returns where the running function of package log was called.
func callerOfLog() uintptr {
	var callers [16]uintptr
	n := runtime.Callers(3, callers[:])
	frames := runtime.CallersFrames(callers[:n])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "log.") {
			return frame.PC + 1 // as runtime.Callers counts
		}
		if !more {
			return 0
		}
	}
}
