package apiphant

import (
	"context"
	"log/slog"
)

type (
	logKey   struct{}
	traceKey struct{}
)

// TraceParent returns the traceparent of a call's request (W3C Trace Context) in the
// form of version 00; "" where none came, or an invalid one. A function sends it with
// the requests that it makes itself:
//
//	r.Header.Set("Traceparent", apiphant.TraceParent(ctx))
func TraceParent(ctx context.Context) string {
	parent, _ := ctx.Value(traceKey{}).(string)
	return parent
}

// Log returns the logger of a call: its lines carry the request's id, and the
// trace_id and parent_id of the traceparent that came with it. Outside a
// call it is the program's logger, and [slog.Default] where there is none; it
// is never nil.
func Log(ctx context.Context) *slog.Logger {
	if logger, ok := ctx.Value(logKey{}).(*slog.Logger); ok {
		return logger
	}
	return slog.Default()
}

// WithLog returns a context whose [Log] is logger. Doors and programs use it: the
// calls that they serve log there.
func WithLog(ctx context.Context, logger *slog.Logger) context.Context {
	return context.WithValue(ctx, logKey{}, logger)
}
