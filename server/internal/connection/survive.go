package connection

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Survive is deferred by a goroutine of the server itself: a panic then ends
// what the goroutine was doing, which is logged, and not the process.
func Survive(log *slog.Logger, doing string) {
	if value := recover(); value != nil {
		LogPanic(log, doing, value)
	}
}

// LogPanic logs a panic with its value, together with the stack of the caller.
func LogPanic(log *slog.Logger, doing string, value any) {
	log.Error(fmt.Sprintf("Panic in %s: %v", doing, value), "stack", string(debug.Stack()))
}
