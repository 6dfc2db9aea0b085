package server

import (
	"fmt"

	"go.uber.org/zap"
)

// survive is deferred by what a goroutine of the server's own does: a panic ends
// that and not the process.
func survive(log *zap.Logger, what string) {
	if value := recover(); value != nil {
		logPanic(log, what, value)
	}
}

func logPanic(log *zap.Logger, what string, value any) {
	log.Error(fmt.Sprintf("Panic in %s: %v", what, value), zap.StackSkip("stack", 1))
}
