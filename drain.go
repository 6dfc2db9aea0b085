package apiphant

import "errors"

// ErrDraining is the cause with which the context of a streaming call is cancelled
// when its server is about to end, so that the function can end the stream well and
// the client goes elsewhere:
//
//	<-ctx.Done()
//	context.Cause(ctx) // apiphant.ErrDraining
//
// It is told to functions that return a sequence, see [Stream], and to those that
// write their answer themselves and have called Flush or Hijack. All others may end as
// usual.
var ErrDraining = errors.New("the server is draining")
