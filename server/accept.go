package server

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// listener accepts for as long as it is open: running out of descriptors, or a
// client that is gone before it is accepted, is no reason to stop serving.
type listener struct {
	net.Listener
	server *Server
}

func (l *listener) Accept() (net.Conn, error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		accepted, err := l.Listener.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) { // see end
			if accepted, err = acceptWaiting(l.Listener); err != nil {
				l.Listener.Close()
				return nil, net.ErrClosed
			}
		}
		switch {
		case err == nil:
			return l.server.conns.add(accepted, &l.server.patience), nil
		case isShortage(err):
			l.server.Metrics.failedToAccept()
			l.server.log.Warn("Can't accept a connection, trying again in " + pause.String() + ": " + err.Error())
			time.Sleep(pause)
		default:
			return nil, err
		}
	}
}

func isShortage(err error) bool {
	for _, shortage := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, shortage) {
			return true
		}
	}
	return false
}

// end closes the listener once everyone is accepted who has connected: the
// system would reset the connections of those who were not, with the requests
// that they have sent. It returns at once; Accept does the rest. What remains is
// the moment between the last accept and close, for those who connect just then.
func (l *listener) end() {
	timed, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok || timed.SetDeadline(time.Unix(1, 0)) != nil {
		l.Listener.Close()
	}
}
