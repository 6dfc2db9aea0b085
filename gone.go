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

// lostClient reports whether an error is the end of ctx for the reason that the
// client went away.
func lostClient(ctx context.Context, err error) bool {
	return errors.Is(err, ErrClientGone) ||
		ctx.Err() != nil && errors.Is(err, ctx.Err()) && errors.Is(context.Cause(ctx), ErrClientGone)
}
