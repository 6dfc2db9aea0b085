package apiphant

import (
	"context"
	"log/slog"
)

type logKey struct{}

// Log returns the logger of a call: its lines carry the request's id. Outside a
// call it is the program's logger, and [slog.Default] where there is none; it
// is never nil.
func Log(ctx context.Context) *slog.Logger {
	if logger, ok := ctx.Value(logKey{}).(*slog.Logger); ok {
		return logger
	}
	return slog.Default()
}

// WithLog returns a context whose [Log] is logger. It is for doors and programs:
// what they serve logs there.
func WithLog(ctx context.Context, logger *slog.Logger) context.Context {
	return context.WithValue(ctx, logKey{}, logger)
}
