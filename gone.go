package apiphant

import (
	"context"
	"errors"
)

// ErrClientGone is the cause of the end of a call's context whose client did not
// wait for the answer:
//
//	<-ctx.Done()
//	ctx.Err()          // context.Canceled, as after any other end that is no deadline
//	context.Cause(ctx) // apiphant.ErrClientGone
//
// A function that returns such an end is logged, and answered if somebody still
// reads, with 499.
var ErrClientGone = errors.New("the client has gone away")

// statusClientGone is nginx's: there is no registered status for it.
const statusClientGone = 499

// clientWatcher is a Door that can tell when the client goes away. It is asked
// at most once in a call, and only when the function looks at its context.
type clientWatcher interface {
	// WatchClient lets gone be called once the client has gone away: by
	// another goroutine, at any time until the door's request ends, or never.
	// It must return at once, and not call gone itself.
	WatchClient(gone func())
}

// lostClient tells whether an error is the end of ctx for the reason that the
// client went away.
func lostClient(ctx context.Context, err error) bool {
	return errors.Is(err, ErrClientGone) ||
		ctx.Err() != nil && errors.Is(err, ctx.Err()) && errors.Is(context.Cause(ctx), ErrClientGone)
}
