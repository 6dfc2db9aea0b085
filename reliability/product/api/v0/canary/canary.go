// Package canary counts the calls that nobody should have been able to make.
package canary

import (
	"context"
	"sync/atomic"

	"github.com/apiphant/apiphant"
)

var calls atomic.Int64

// Create is called by what was smuggled.
func Create(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"calls": calls.Add(1)}, nil
}

// Read tells how many were.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"calls": calls.Load()}, nil
}
