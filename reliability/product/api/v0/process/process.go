// Package process reports what can't be observed from outside the process.
package process

import (
	"context"
	"runtime"

	"github.com/apiphant/apiphant"
)

// Read returns the number of goroutines.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"goroutines": runtime.NumGoroutine()}, nil
}
