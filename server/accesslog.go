package server

import (
	"time"

	"go.uber.org/zap"

	"github.com/apiphant/apiphant/internal/trace"
)

// logAccess writes the line of one request. Its status is 0 where the connection
// was closed without an answer, and its method and path are empty where they
// could not be read.
func (d *door) logAccess() {
	log := d.server.AccessLog
	if log == nil {
		return
	}
	response := &d.ctx.Response
	method, path, status := d.Method(), d.path(), response.StatusCode()
	if d.unread {
		method, path = "", nil // fasthttp would say GET and /
	}
	if d.aborted {
		status = 0
	}
	sent := d.sent
	if d.raw != nil && sent == 0 {
		sent = d.raw.written
	}
	log.Info("access",
		zap.String("method", method),
		zap.ByteString("path", path),
		zap.Int("status", status),
		zap.Int64("bytes", sent),
		zap.Duration("duration", time.Since(d.start)),
		d.requestID(),
		d.traceID(),
		zap.String("remote_addr", d.remoteAddr()),
	)
}

// traceID is the field of requests that are part of a trace.
func (d *door) traceID() zap.Field {
	if came := d.ctx.Request.Header.Peek("Traceparent"); len(came) > 0 {
		if parent := trace.Parse(string(came)); parent != "" {
			return zap.String("trace_id", trace.ID(parent))
		}
	}
	return zap.Skip()
}

// requestID is the field that the lines of a request have in common.
func (d *door) requestID() zap.Field {
	return zap.ByteString("request_id", d.ctx.Response.Header.Peek("X-Request-Id"))
}
