package server

import (
	"context"

	"github.com/apiphant/apiphant/server/internal/connection"
)

// serveRaw serves a function whose response is sent while it runs. The function has a
// goroutine of its own, so that one that ends its goroutine is still answered. It is
// told when the server drains: one that returns a sequence at any time, one that writes
// the response itself from when it has called Flush.
func (d *door) serveRaw() {
	parent := d.server.base
	if !d.endpoint.RawResponse {
		parent = d.server.streams
	}
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	d.raw = newRawResponse(d, cancel)
	defer d.raw.forgetDrain()
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
