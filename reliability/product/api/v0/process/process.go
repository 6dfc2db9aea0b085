// Package process tells what can't be seen from outside the process.
package process

import (
	"context"
	"runtime"

	"github.com/apiphant/apiphant"
)

// Read counts the goroutines.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"goroutines": runtime.NumGoroutine()}, nil
}
