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
	d.raw = newRawResponse(d, cancel)
	d.server.rawWorkers.run(func() { d.raw.run(ctx) })
	<-d.raw.done
	if d.conn.hijack.Load() != nil {
		return // the function has the connection, and goes on
	}
	d.raw.end()
	d.finish()
}

// run runs the function.
func (r *rawResponse) run(ctx context.Context) {
	d := r.door
	defer func() {
		if h := d.conn.hijack.Load(); h != nil {
			h.returned()
			return
		}
		close(r.done)
	}()
	defer r.giveUp() // of no effect after finish
	defer connection.Survive(d.server.log, "a raw call")
	d.server.API.Serve(ctx, d.match, d)
	r.finish()
}
