package server

import (
	"io"
	"time"
)

// finish ends the request once its function has returned. What the function has kept of
// the request is of no use any more. What is left of the body is skipped, so
// that the next request can be read, or the connection is closed after the
// response.
func (d *door) finish() {
	d.release()
	if d.rawBody != nil {
		_ = d.rawBody.Close()
	}
	if d.whole == nil {
		d.finishBody()
	}
	if d.server.draining.Load() && !d.Started() { // a head that was sent has said whether the connection is closed
		d.response.closeAfter()
	}
	d.end()
}

func (d *door) finishBody() {
	if !d.body.isOpen() {
		d.openBody(d.server.maxUpload())
	}
	if !d.body.skip() {
		d.closeUnread()
	}
	d.conn.LimitRate(nil)
}

// endUnread ends a request of which the body, or more, was not read.
func (d *door) endUnread() {
	d.closeUnread()
	d.end()
}

// lose ends a request whose goroutine ends without a response.
func (d *door) lose() {
	if d.open {
		d.aborted = true
		d.release()
		d.end()
	}
}

// end counts and logs the request, which is over.
func (d *door) end() {
	d.open = false
	if d.watched {
		d.server.watcher.Remove(d.conn.Conn)
	}
	now := time.Now()
	d.conn.AwaitRequest(now)
	took := now.Sub(d.start)
	d.server.Metrics.end(d, took)
	d.logAccess(took)
}

// release gives back what the request took of the bounds of [Server].
func (d *door) release() {
	d.exit()
	d.buffer.free()
	if d.taken > 0 {
		d.server.bodies.release(d.conn.shard, d.taken)
		d.taken = 0
	}
}

// closeUnread lets the connection be closed after the response, since it is not
// known where the next request begins.
func (d *door) closeUnread() {
	d.response.closeAfter()
	d.conn.LingerOnClose()
}

// bodyIsRead reports whether the request was read to its end.
func (d *door) bodyIsRead() bool {
	switch {
	case d.whole != nil:
		return true
	case d.rawBody != nil:
		return d.rawBody.isRead()
	}
	if !d.body.isOpen() {
		d.openBody(d.server.maxUpload())
	}
	return d.body.err == io.EOF
}
