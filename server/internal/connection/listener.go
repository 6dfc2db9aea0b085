package connection

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// Listener accepts connections for as long as it is open. Running out of
// descriptors, or a client that is gone before it is accepted, does not end it.
type Listener struct {
	net.Listener

	Log      *slog.Logger
	Shortage func() // is called where no connection could be accepted for want of something

	// Handshake is how long End leaves to clients that have begun to connect.
	Handshake time.Duration

	// Beats has a value after Accept was woken by Wake.
	Beats chan struct{}

	ending atomic.Bool
}

// NewListener returns a Listener over another one.
func NewListener(ln net.Listener, log *slog.Logger) *Listener {
	return &Listener{Listener: ln, Log: log, Shortage: func() {}, Beats: make(chan struct{}, 1)}
}

// deadliner is a listener whose Accept can be woken.
type deadliner interface{ SetDeadline(time.Time) error }

const shortestPause = 5 * time.Millisecond

// Accept returns the next connection, or [net.ErrClosed] after End.
func (l *Listener) Accept() (net.Conn, error) {
	for pause := shortestPause; ; {
		accepted, err := l.acceptOnce()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if l.continues() {
				continue
			}
			if accepted, err = acceptWaiting(l.Listener); err != nil {
				l.Listener.Close()
				return nil, net.ErrClosed
			}
		}
		switch {
		case err == nil:
			return accepted, nil
		case !isShortage(err):
			return nil, err
		}
		l.Shortage()
		l.Log.Warn("Can't accept a connection, trying again in " + pause.String() + ": " + err.Error())
		time.Sleep(pause)
		pause = min(2*pause, time.Second)
	}
}

func (l *Listener) acceptOnce() (c net.Conn, err error) {
	err = errPanicked // unless it returns
	defer Survive(l.Log, "accepting a connection")
	return l.Listener.Accept()
}

var errPanicked = errors.New("there was a panic")

func isShortage(err error) bool {
	for _, shortage := range []error{errPanicked, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, shortage) {
			return true
		}
	}
	return false
}

// Wake makes Accept send a beat, which shows that it still runs. It reports
// whether that is possible.
func (l *Listener) Wake() bool {
	ln, ok := l.Listener.(deadliner)
	return ok && ln.SetDeadline(time.Unix(1, 0)) == nil
}

// continues reports whether an Accept that was woken was woken by Wake, and not
// by End.
func (l *Listener) continues() bool {
	ln, ok := l.Listener.(deadliner)
	if !ok || l.ending.Load() || ln.SetDeadline(time.Time{}) != nil || l.ending.Load() { // again: that may have undone End's deadline
		return false
	}
	select {
	case l.Beats <- struct{}{}:
	default:
	}
	return true
}

// End closes the listener once everyone is accepted who has connected: the
// system would reset the connections of those who were not, with the requests
// that they have sent. It returns at once; Accept does the rest.
//
// Where sole is set, no other process accepts from the listener. Then nobody new
// is let in from now on, where the system can do that, so that nobody connects
// between the last accept and the close. Clients that have begun to connect have
// a moment to complete it.
func (l *Listener) End(sole bool) {
	l.ending.Store(true)
	last := time.Unix(1, 0)
	if sole && letNobodyIn(l.Listener) {
		last = time.Now().Add(l.Handshake)
	}
	ln, ok := l.Listener.(deadliner)
	if !ok || ln.SetDeadline(last) != nil {
		l.Listener.Close()
	}
}
