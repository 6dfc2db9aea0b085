// Package canary counts calls, of which only smuggled requests make any.
package canary

import (
	"context"
	"sync/atomic"

	"github.com/apiphant/apiphant"
)

var calls atomic.Int64

// Create is called by smuggled requests.
func Create(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"calls": calls.Add(1)}, nil
}

// Read returns the number of calls of Create.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"calls": calls.Load()}, nil
}
