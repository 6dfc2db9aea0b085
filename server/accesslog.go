package server

import (
	"time"

	"go.uber.org/zap"
)

// logAccess writes the line of one request; its status is 0 where the connection
// was closed without an answer.
func (d *door) logAccess() {
	log := d.server.AccessLog
	if log == nil {
		return
	}
	response := &d.ctx.Response
	status := response.StatusCode()
	if d.aborted {
		status = 0
	}
	sent := d.sent
	if d.raw != nil && sent == 0 {
		sent = d.raw.written
	}
	log.Info("access",
		zap.String("method", d.Method()),
		zap.ByteString("path", d.path()),
		zap.Int("status", status),
		zap.Int64("bytes", sent),
		zap.Duration("duration", time.Since(d.start)),
		zap.ByteString("request_id", response.Header.Peek("X-Request-Id")),
		zap.String("remote_addr", d.ctx.RemoteAddr().String()),
	)
}
