package background

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/worker"
)

const (
	stopLeast   = time.Second            // how long the product's Stop may take whatever is left of the drain
	returnGrace = 200 * time.Millisecond // how long it is waited for after its context has ended
	closeLimit  = 200 * time.Millisecond // how long closing the database may take
)

// ending bounds how long a program takes to end, whatever hangs: a function that
// ignores its context may keep a connection of the database, for one, without
// which that can't be closed.
type ending struct {
	drain time.Duration

	mu    sync.Mutex
	began time.Time // zero: the program was not told to end
}

// begin notes that the program was told to end.
func (e *ending) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.began = time.Now()
}

// left returns how long the product's Stop may take.
func (e *ending) left() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	whole := e.drain + worker.EndGrace
	if !e.began.IsZero() {
		whole -= time.Since(e.began)
	}
	return max(whole, stopLeast)
}

// stop calls the product's Stop.
func (e *ending) stop(ctx context.Context, stop func(context.Context) error) error {
	limit := e.left()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- stop(bounded) }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit + returnGrace):
		return fmt.Errorf("the function Stop did not return within %s", limit.Round(100*time.Millisecond))
	}
}

// closeWithin closes the database, or leaves that to the end of the process.
func closeWithin(closeDatabase func()) {
	done := make(chan struct{})
	go func() { defer close(done); closeDatabase() }()
	select {
	case <-done:
	case <-time.After(closeLimit):
	}
}
