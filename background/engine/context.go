package engine

import (
	"context"
	"errors"
)

// ErrNoDatabase is returned by [QueueOf] for a context without a queue.
var ErrNoDatabase = errors.New("there is no database to keep jobs in: start the program with --database URL")

type queueKey struct{}

// WithQueue returns a context whose jobs are enqueued in queue. Programs call
// it, once.
func WithQueue(ctx context.Context, queue Queue) context.Context {
	return context.WithValue(ctx, queueKey{}, queue)
}

// QueueOf returns the queue of a context, or [ErrNoDatabase].
func QueueOf(ctx context.Context) (Queue, error) {
	if queue, ok := ctx.Value(queueKey{}).(Queue); ok {
		return queue, nil
	}
	return nil, ErrNoDatabase
}
