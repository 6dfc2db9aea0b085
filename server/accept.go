package server

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// serveAll serves the clients of a listener, each in a goroutine, until it is
// closed. fasthttp's pool of goroutines does not survive a panic outside of the
// handler, and leaks a place where a function ends its goroutine.
func (s *Server) serveAll(http *fasthttp.Server, l *listener) error {
	defer s.serving.end()
	defer s.raw.end()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		s.serving.run(func() { s.serveConn(http, c) })
	}
}

// serveConn serves one client. Whatever happens to its goroutine, the connection
// ends with it, unless fasthttp has passed it on.
func (s *Server) serveConn(http *fasthttp.Server, c *conn) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if value := recover(); value != nil {
			logPanic(s.log, "a connection", value)
		}
		c.door.lose()
		c.Close()
	}()
	if err := http.ServeConn(c); err != nil {
		http.Logger.Printf("a connection ended with an error: %v", err)
	}
	returned = true
}

// listener accepts for as long as it is open: running out of descriptors, or a
// client that is gone before it is accepted, is no reason to stop serving.
type listener struct {
	net.Listener
	server *Server
	beat   chan struct{} // one for each time that Accept was woken to show that it lives
	ending atomic.Bool
}

func (s *Server) listener(ln net.Listener) *listener {
	return &listener{Listener: ln, server: s, beat: make(chan struct{}, 1)}
}

// timed is a listener whose Accept can be woken.
type timed interface{ SetDeadline(time.Time) error }

const shortPause = 5 * time.Millisecond

func (l *listener) Accept() (*conn, error) {
	for pause := shortPause; ; pause = max(shortPause, min(2*pause, time.Second)) {
		accepted, err := l.accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if l.goesOn() {
				continue
			}
			if accepted, err = acceptWaiting(l.Listener); err != nil {
				l.Listener.Close()
				return nil, net.ErrClosed
			}
		}
		switch {
		case err == nil:
			if c := l.server.open(accepted); c != nil {
				return c, nil
			}
			pause = 0
		case isShortage(err):
			l.server.Metrics.failedToAccept()
			l.server.log.Warn("Can't accept a connection, trying again in " + pause.String() + ": " + err.Error())
			time.Sleep(pause)
		default:
			return nil, err
		}
	}
}

// open makes an accepted client one of the open connections; nil is one too many.
func (s *Server) open(accepted net.Conn) *conn {
	var below *wire
	if s.tls != nil {
		below = &wire{Conn: accepted}
		accepted = tls.Server(below, s.tls)
	}
	peer := addressOf(accepted.RemoteAddr())
	trusted := len(s.TrustedProxies) > 0 && s.trusts(peer.Addr())
	client := netip.Prefix{}
	if s.MaxConnectionsPerAddress > 0 && !trusted {
		client = clientNetwork(peer.Addr())
	}
	c, why := s.conns.add(accepted, &s.patience, client)
	if c == nil {
		s.shed.count(why)
		s.refuser.refuse(accepted)
		return nil
	}
	c.server, c.peer, c.trusted, c.wire = s, peer, trusted, below
	c.waiting = newWaiting(c)
	c.shaking.Store(s.tls != nil)
	return c
}

func (l *listener) accept() (c net.Conn, err error) {
	err = errPanicked // unless it returns
	defer survive(l.server.log, "accepting a connection")
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

// wake makes Accept send a beat, or returns false where that can't be.
func (l *listener) wake() bool {
	timed, ok := l.Listener.(timed)
	return ok && timed.SetDeadline(time.Unix(1, 0)) == nil
}

// goesOn tells, of an Accept that was woken, that it was not by end.
func (l *listener) goesOn() bool {
	timed, ok := l.Listener.(timed)
	if !ok || l.ending.Load() || timed.SetDeadline(time.Time{}) != nil || l.ending.Load() { // again: that may have undone end's deadline
		return false
	}
	select {
	case l.beat <- struct{}{}:
	default:
	}
	return true
}

// end closes the listener once everyone is accepted who has connected: the
// system would reset the connections of those who were not, with the requests
// that they have sent. It returns at once; Accept does the rest.
//
// So that nobody connects between the last accept and close, no one new is let
// in from now on, where the system can do that and no other process is there to
// accept them. Those who have begun to connect have a moment to complete it.
func (l *listener) end(handedOver bool) {
	l.ending.Store(true)
	last := time.Unix(1, 0)
	if !handedOver && isSole(l.Listener) && letNobodyIn(l.Listener) {
		last = time.Now().Add(l.server.patience.handshake)
	}
	timed, ok := l.Listener.(timed)
	if !ok || timed.SetDeadline(last) != nil {
		l.Listener.Close()
	}
}
