package server

import (
	"cmp"
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/apiphant/apiphant/server/internal/connection"
)

// leave lets clients go elsewhere for a window: each answer tells them to. New
// ones find the other process where there is one; where there is none, they are
// answered here until the window ends.
func (s *Server) leave(handedOver bool, l *connection.Listener, closed <-chan error) {
	window := cmp.Or(s.DrainWindow, DefaultDrainWindow)
	s.draining.Store(true)
	if handedOver {
		s.log.Info("Draining: another process has taken over")
		l.End(false)
		<-closed
		s.waitUntilGone(window)
		return
	}
	s.away.Store(true)
	s.notify(daemon.SdNotifyStopping)
	s.log.Info("Draining: clients are told to go elsewhere")
	s.waitUntilGone(window)
	l.End(isSole(l.Listener))
	<-closed
}

// drain lets every client finish, now that no further ones come. Closing the
// listener first would have refused those who came meanwhile; closing the
// connections first would have lost the requests that were on their way.
func (s *Server) drain(cancel context.CancelFunc) {
	s.conns.each(func(c *conn) { c.Interrupt() })
	if s.waitUntilGone(cmp.Or(s.Drain, DefaultDrain)) {
		return
	}
	s.log.Warn("Calls still run at the end of the drain: their contexts are cancelled")
	cancel()
	s.waitUntilGone(s.timeouts.cancelled)
	s.conns.each(func(c *conn) { c.Cut() })
}

func (s *Server) waitUntilGone(limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), max(limit, 0))
	defer cancel()
	return s.conns.wait(ctx)
}
