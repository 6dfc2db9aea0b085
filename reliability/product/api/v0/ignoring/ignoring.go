// Package ignoring has a function that ignores the end of its context.
package ignoring

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/apiphant/apiphant"
)

// Request says how long a call takes.
type Request struct {
	MS int `json:"ms"`
}

var running atomic.Int64

// Create waits for the time in the request, also past its deadline.
func Create(ctx context.Context, request Request) (apiphant.Object, error) {
	running.Add(1)
	defer running.Add(-1)
	time.Sleep(time.Duration(request.MS) * time.Millisecond)
	return apiphant.Object{"waited": request.MS}, nil
}

// Read returns how many calls wait.
func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	return apiphant.Object{"running": running.Load()}, nil
}
