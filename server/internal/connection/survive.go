package connection

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/apiphant/apiphant/internal/safely"
)

// Survive recovers from a panic and logs it, so that the panic does not end the process.
// It must be deferred directly, and is for goroutines of the server itself. doing is what
// the goroutine was doing, for the log.
func Survive(log *slog.Logger, doing string) {
	if value := recover(); value != nil {
		LogPanic(log, doing, value)
	}
}

// LogPanic logs a panic with its stack. value is what recover returned to a deferred
// function, which must call LogPanic before it returns: until then its stack still
// includes the frames of the panic.
func LogPanic(log *slog.Logger, doing string, value any) {
	stack := ""
	var panicked *safely.Panic
	if errors.As(safely.Recovered(value), &panicked) {
		stack = panicked.Stack
	}
	log.Error(fmt.Sprintf("Panic in %s: %v", doing, value), "stack", stack)
}
