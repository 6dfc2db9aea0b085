package deploy

import (
	"context"
	"time"
)

// pollEvery is the time between two questions to a program that has no event to
// wait for: nginx and supervisord detach, and write a file when they are ready.
const pollEvery = 20 * time.Millisecond

// startTimeout is how long nginx and supervisord may take to be ready.
const startTimeout = 10 * time.Second

// waitUntil asks until ready reports true. It returns false when the time-out
// or the context ends first.
func waitUntil(ctx context.Context, timeout time.Duration, ready func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for !ready() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
