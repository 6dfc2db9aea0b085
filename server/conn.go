package server

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// writeTimeout is how long a client may take to accept the next writeChunk
	// of an answer.
	writeTimeout = 30 * time.Second
	writeChunk   = 64 << 10

	// lingerTime and lingerBytes bound what is still read from a connection
	// that is closed over an unread body: closed at once, the system would
	// drop the answer together with the connection.
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 1 << 20
)

// conn is one client's connection. Its deadlines are kept here and given to the
// system only when a read really has to wait.
type conn struct {
	net.Conn
	conns *conns

	readDeadline time.Time
	pending      bool // readDeadline is not known to the system yet
	rate         bodyRate
	rated        bool // a body is being read: rate says until when

	busy        atomic.Bool // a request is being read or answered
	ended       atomic.Bool // the client will send no more
	interrupted atomic.Bool // no further request is to be read
	linger      atomic.Bool // part of a request is unread
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.readDeadline, c.pending = t, true
	return nil
}

func (c *conn) Read(p []byte) (int, error) {
	if c.rated {
		c.readDeadline, c.pending = c.rate.deadline(), true
	}
	if c.pending {
		if err := c.Conn.SetReadDeadline(c.readDeadline); err != nil {
			return 0, err
		}
		c.pending = false
	}
	if c.isInterrupted() { // also since the deadline was set
		return c.lastRead(p)
	}
	n, err := c.Conn.Read(p)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.isInterrupted() {
		n, err = c.lastRead(p)
	}
	c.rate.read += int64(n)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// Write bounds the time by what is written: a large answer may take long, as
// long as the client goes on accepting it.
func (c *conn) Write(p []byte) (written int, err error) {
	for {
		chunk := p[:min(len(p), writeChunk)]
		if err := c.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(chunk)
		written += n
		p = p[n:]
		if err != nil || len(p) == 0 {
			return written, err
		}
	}
}

func (c *conn) Close() error {
	if !c.conns.remove(c) {
		return net.ErrClosed
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.linger.Load() && half.CloseWrite() == nil {
		_ = c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes)
	}
	return c.Conn.Close()
}

// interrupt ends the wait for a further request; one that has begun is read on.
func (c *conn) interrupt() {
	c.interrupted.Store(true)
	if !c.busy.Load() {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (c *conn) isInterrupted() bool { return c.interrupted.Load() && !c.busy.Load() }

// lastRead takes what came while the wait was being interrupted: a request that
// the client has already sent is answered.
func (c *conn) lastRead(p []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return 0, err
	}
	c.pending = true
	return c.Conn.Read(p)
}

// startBody gives what is read from now on the time of a body.
func (c *conn) startBody() { c.rate, c.rated = bodyRate{start: time.Now()}, true }

func (c *conn) endBody() { c.rated = false }

// bodyRate is how fast a body must come: after bodyGrace, with bodyMinRate
// bytes a second.
type bodyRate struct {
	start time.Time
	read  int64
}

const (
	bodyGrace   = 5 * time.Second
	bodyMinRate = 1 << 10
)

func (r *bodyRate) deadline() time.Time {
	return r.start.Add(bodyGrace + time.Duration(r.read)*time.Second/bodyMinRate)
}

// conns is the set of all open connections.
type conns struct {
	mu    sync.Mutex
	open  map[*conn]struct{}
	empty chan struct{} // closed when the last one went, while somebody waits
}

func (s *conns) add(accepted net.Conn) *conn {
	c := &conn{Conn: accepted, conns: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*conn]struct{}{}
	}
	s.open[c] = struct{}{}
	return c
}

func (s *conns) remove(c *conn) (wasOpen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, wasOpen = s.open[c]
	delete(s.open, c)
	if len(s.open) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
	return wasOpen
}

// wait returns true when no connection is open any more, false when ctx ended.
func (s *conns) wait(ctx context.Context) bool {
	for {
		s.mu.Lock()
		if len(s.open) == 0 {
			s.mu.Unlock()
			return true
		}
		if s.empty == nil {
			s.empty = make(chan struct{})
		}
		empty := s.empty
		s.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
			return false
		}
	}
}

func (s *conns) each(f func(*conn)) {
	s.mu.Lock()
	open := make([]*conn, 0, len(s.open))
	for c := range s.open {
		open = append(open, c)
	}
	s.mu.Unlock()
	for _, c := range open {
		f(c)
	}
}
