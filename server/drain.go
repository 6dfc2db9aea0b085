package server

import (
	"cmp"
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
)

// leave lets clients go elsewhere during the drain window: each response says
// "Connection: close". New clients find the other process where the listener was
// handed over; otherwise they are answered here until the window ends.
func (s *Server) leave(handedOver bool, l *connection.Listener, closed <-chan error) {
	window := cmp.Or(s.DrainWindow, s.timeouts.window)
	s.draining.Store(true)
	if handedOver {
		s.log.Info("Draining: another process has taken over")
		l.End(false)
		<-closed
		s.waitUntilGone(window)
		return
	}
	s.leaving.Store(true)
	s.notify(daemon.SdNotifyStopping)
	s.log.Info("Draining: responses tell clients to go elsewhere")
	if s.DrainWindow > 0 {
		<-time.After(window) // also without a connection: a load balancer may not know yet
	} else {
		s.waitUntilGone(window)
	}
	l.End(isSole(l.Listener))
	<-closed
}

// drain lets every client finish, after leave has closed the listener. Calls that
// stream are told, since they might never end. If the
// listener were closed at once, new clients would be refused. If connections were
// closed at once, requests on their way would be lost.
func (s *Server) drain(cancel context.CancelFunc) {
	s.endStreams(apiphant.ErrDraining)
	s.conns.each(func(c *conn) { c.Interrupt() })
	if s.waitUntilGone(cmp.Or(s.Drain, DefaultDrain)) {
		return
	}
	s.log.Warn("Calls still run at the end of the drain: their contexts are cancelled")
	cancel()
	s.waitUntilGone(s.timeouts.cancelled)
	s.conns.each(func(c *conn) { c.cut() })
}

// cut closes the connection at once.
func (c *conn) cut() {
	if h := c.hijack.Load(); h != nil {
		h.cut()
		return
	}
	c.Cut()
}

func (s *Server) waitUntilGone(limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), max(limit, 0))
	defer cancel()
	return s.conns.wait(ctx)
}
