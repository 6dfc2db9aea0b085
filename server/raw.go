package server

import (
	"context"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
)

// serveRaw serves a function that writes its response itself. The function has a
// goroutine of its own, so that one that ends its goroutine is still answered.
func (d *door) serveRaw() {
	ctx, cancel := context.WithCancelCause(d.server.base)
	defer cancel(nil)
	d.raw = newRawResponse(d, func() { cancel(apiphant.ErrClientGone) })
	done := make(chan struct{})
	d.server.rawWorkers.run(func() {
		defer close(done)
		defer d.raw.giveUp() // of no effect after finish
		defer connection.Survive(d.server.log, "a raw call")
		d.server.API.Serve(ctx, d.match, d)
		d.raw.finish()
	})
	<-done
	d.finish()
}
