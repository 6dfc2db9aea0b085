package connection

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/apiphant/apiphant/internal/safely"
)

// Survive is deferred by a goroutine of the server itself: a panic then ends
// what the goroutine was doing, which is logged, and not the process.
func Survive(log *slog.Logger, doing string) {
	if value := recover(); value != nil {
		LogPanic(log, doing, value)
	}
}

// LogPanic logs a panic with what a deferred function got from recover. It must be
// called by that function or by what that calls.
func LogPanic(log *slog.Logger, doing string, value any) {
	stack := ""
	var panicked *safely.Panic
	if errors.As(safely.Recovered(value), &panicked) {
		stack = panicked.Stack
	}
	log.Error(fmt.Sprintf("Panic in %s: %v", doing, value), "stack", stack)
}
