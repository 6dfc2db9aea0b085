package apitest

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// testLog writes lines to a test's log until the test has ended; afterwards
// [testing.T.Log] would panic.
type testLog struct {
	mu    sync.Mutex
	t     testing.TB
	ended bool
}

func (l *testLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return 0, io.ErrClosedPipe
	}
	l.t.Log(strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

func (l *testLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// logger returns a logger that writes to the test's log. The stack of a panic comes
// on lines of its own.
func (l *testLog) logger() *slog.Logger {
	options := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{} // a test has its own
		}
		return a
	}}
	return slog.New(handler{slog.NewTextHandler(l, options), l})
}

// handler prints an attribute "stack" below its line.
type handler struct {
	slog.Handler
	log *testLog
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	stack := ""
	rest := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == "stack" {
			stack = a.Value.String()
		} else {
			rest.AddAttrs(a)
		}
		return true
	})
	if err := h.Handler.Handle(ctx, rest); err != nil || stack == "" {
		return err
	}
	_, err := io.WriteString(h.log, stack)
	return err
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.log}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.log}
}
