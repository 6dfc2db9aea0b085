package apiphant

import (
	"context"
	"errors"
)

// ErrClientGone is the cause with which a call's context is cancelled when the client
// goes away before it has the answer:
//
//	<-ctx.Done()
//	ctx.Err()          // context.Canceled, as for any cancellation that is not a deadline
//	context.Cause(ctx) // apiphant.ErrClientGone
//
// If the function returns the error of such a context, its call is logged with the
// status 499. The answer is sent with that status, too, since a client that has only
// stopped sending may still read it.
var ErrClientGone = errors.New("the client has gone away")

// statusClientGone is the status that nginx logs for a request whose client has gone
// away. There is no registered status for that.
const statusClientGone = 499

// lostClient reports whether a call failed with err because its client went away: err
// is ErrClientGone, or the error of ctx where ctx was cancelled with that cause.
func lostClient(ctx context.Context, err error) bool {
	return errors.Is(err, ErrClientGone) ||
		ctx.Err() != nil && errors.Is(err, ctx.Err()) && errors.Is(context.Cause(ctx), ErrClientGone)
}
