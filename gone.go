package apiphant

import (
	"context"
	"errors"
)

// ErrClientGone is the cause with which a call's context is cancelled when the client
// goes away before it has the answer:
//
//	<-ctx.Done()
//	ctx.Err()          // context.Canceled, as after any other end that is no deadline
//	context.Cause(ctx) // apiphant.ErrClientGone
//
// A function that returns the error of such a context is logged with the status 499,
// and answered with it in case somebody still reads.
var ErrClientGone = errors.New("the client has gone away")

// statusClientGone is nginx's: there is no registered status for it.
const statusClientGone = 499

// lostClient reports whether err is the error of ctx, and ctx was cancelled because
// the client went away.
func lostClient(ctx context.Context, err error) bool {
	return errors.Is(err, ErrClientGone) ||
		ctx.Err() != nil && errors.Is(err, ctx.Err()) && errors.Is(context.Cause(ctx), ErrClientGone)
}
