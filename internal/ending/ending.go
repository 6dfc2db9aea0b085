// Package ending bounds how long a program takes to end, whatever of the product
// hangs.
package ending

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	stopLeast   = time.Second            // how long the product's Stop may take whatever is left
	returnGrace = 200 * time.Millisecond // how long it is waited for after its context has ended
	closeLimit  = 200 * time.Millisecond // how long closing the database may take
)

// Ending is the time that a program has to end.
type Ending struct {
	within time.Duration

	mu    sync.Mutex
	began time.Time // zero: the program was not told to end
}

// New returns the Ending of a program that has so much time from the end of ctx on.
// The caller must call release when the program has ended.
func New(ctx context.Context, within time.Duration) (e *Ending, release func() bool) {
	e = &Ending{within: within}
	return e, context.AfterFunc(ctx, e.begin)
}

func (e *Ending) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.began = time.Now()
}

// left returns how long the product's Stop may take: the time that is left, and at
// least stopLeast.
func (e *Ending) left() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	left := e.within
	if !e.began.IsZero() {
		left -= time.Since(e.began)
	}
	return max(left, stopLeast)
}

// Stop calls the product's Stop with the values of ctx and the time that is left. It
// returns soon after that time, with an error, also where Stop does not.
func (e *Ending) Stop(ctx context.Context, stop func(context.Context) error) error {
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

// Close closes the database, or leaves that to the end of the process: a function that
// ignores its context may keep a connection, without which it can't be closed.
func Close(closeDatabase func()) {
	done := make(chan struct{})
	go func() { defer close(done); closeDatabase() }()
	select {
	case <-done:
	case <-time.After(closeLimit):
	}
}
