package server

import (
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/apiphant/apiphant/server/internal/connection"
)

// nextNotifySocket is a variable with the service manager's socket, for a process
// whose NOTIFY_SOCKET is that of its predecessor. The predecessor wants nothing
// but READY=1. See [HandOver].
const nextNotifySocket = "APIPHANT_NEXT_NOTIFY_SOCKET"

func (s *Server) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("Can't notify the service manager: " + err.Error())
	}
}

func (s *Server) notifyReady() {
	s.notify(daemon.SdNotifyReady)
	if next, isSuccessor := os.LookupEnv(nextNotifySocket); isSuccessor {
		_ = os.Unsetenv(nextNotifySocket)
		_ = os.Setenv("NOTIFY_SOCKET", next)
	}
}

// startWatchdog notifies the service manager that the server is alive, twice in
// the time that the service manager allows for it (WATCHDOG_USEC), until end is
// called. A server that can't accept connections does not count as alive.
func (s *Server) startWatchdog(l *connection.Listener) (end func()) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("Can't serve the service manager's watchdog: " + err.Error())
	}
	if interval <= 0 {
		return func() {}
	}
	ending, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(interval / 2)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ending:
				return
			}
			if l.Wake() {
				select {
				case <-l.Beats:
				case <-ending:
					return
				}
			}
			s.notify(daemon.SdNotifyWatchdog)
		}
	}()
	return func() {
		close(ending)
		<-ended
	}
}
