package background

import (
	"context"
	"errors"

	"github.com/apiphant/apiphant/internal/safely"
)

// result is how a call ended.
type result struct {
	err         error
	stack       string
	panicked    bool
	interrupted bool // by the end of the program
}

func (r result) outcome() string {
	switch {
	case r.panicked:
		return Panic
	case r.err != nil:
		return Failed
	default:
		return OK
	}
}

// start calls f in a new goroutine, so that f can be abandoned.
func start(ctx context.Context, f func(context.Context) error) <-chan error {
	return safely.Start(func() error { return f(ctx) })
}

// resultOf tells a panic in the function from an error that it returned, which
// may wrap a panic that somebody else recovered.
func resultOf(err error) result {
	if panicked, ok := err.(*safely.Panic); ok {
		return result{err: err, stack: panicked.Stack, panicked: true}
	}
	return result{err: err, panicked: errors.Is(err, safely.ErrExited)}
}
