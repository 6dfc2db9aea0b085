//go:build unix

package product

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// standIn answers requests with 503 while there is no program that could.
type standIn struct {
	listener net.Listener // of the programs; it stays open
	runs     bool
	accepts  sync.WaitGroup
}

const (
	standInTimeout = time.Second // for a request to come, and again for its answer to be taken
	standInRequest = 1 << 20     // bytes that are read of a request
)

const standInAnswer = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/json\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n" +
	"Content-Length: 35\r\n\r\n" +
	`{"error":"503 Service Unavailable"}`

// wakeable is a listener whose Accept can be woken.
type wakeable interface {
	net.Listener
	syscall.Conn
	SetDeadline(time.Time) error
}

// set lets it run or not. Connections that it has not accepted stay in the queue.
func (s *standIn) set(runs bool) {
	ln, ok := s.listener.(wakeable)
	if !ok || runs == s.runs {
		return
	}
	s.runs = runs
	if !runs {
		_ = ln.SetDeadline(time.Unix(1, 0))
		s.accepts.Wait()
		return
	}
	if raw, err := ln.SyscallConn(); err == nil {
		// A child was started with it, which may let Accept block in the system.
		_ = raw.Control(func(fd uintptr) { _ = syscall.SetNonblock(int(fd), true) })
	}
	_ = ln.SetDeadline(time.Time{})
	s.accepts.Go(func() { answerAll(ln) })
}

// answerAll accepts connections until the listener's deadline.
func answerAll(ln net.Listener) {
	for {
		c, err := ln.Accept()
		switch {
		case err == nil:
			go answerUnavailable(c)
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(100 * time.Millisecond) // no descriptors are left, perhaps
		}
	}
}

// answerUnavailable answers one request. A client that sends none gets no answer.
func answerUnavailable(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(standInTimeout))
	in := bufio.NewReader(io.LimitReader(c, standInRequest))
	if _, err := http.ReadRequest(in); err != nil {
		return
	}
	_ = c.SetDeadline(time.Now().Add(standInTimeout))
	_, _ = io.WriteString(c, standInAnswer)
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, in) // otherwise a close with unread bytes would lose the answer
	}
}
