//go:build unix

package server_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// TestConnectedEarly: a client that connects long before it asks is answered, and the
// time for its head begins with the first byte.
func TestConnectedEarly(t *testing.T) {
	const header = 100 * time.Millisecond
	for name, s := range map[string]*server.Server{
		"plain": {HeaderTimeout: header, IdleTimeout: time.Hour},
		"TLS":   {HeaderTimeout: header, IdleTimeout: time.Hour, Certificate: certificate(t)},
	} {
		t.Run(name, func(t *testing.T) {
			running := start(t, echo(), s)
			begun := time.Now()
			early, slow := running.dial(), running.dial()
			parked(t, 2)
			until(t, "the time for a head is long over", func() bool { return time.Since(begun) > 3*header })
			if s.Certificate == nil {
				if got := early.ask(post("/api/v0/echo/read", `{"a":1}`)); got.String() != `200 {"a":1}` {
					t.Errorf("got %v", got)
				}
				if got := slow.ask("POST /api"); got.String() != refusal(408) {
					t.Errorf("a slow head: got %v, want %v", got, refusal(408))
				}
				return
			}
			if got, err := early.secure(insecure).ask(post("/api/v0/echo/read", `{"a":1}`)); err != nil || got.String() != `200 {"a":1}` {
				t.Errorf("got %v and %v", got, err)
			}
			slow.send("\x16\x03\x01\x02\x00\x01")
			slow.wantClosed()
		})
	}
}

// TestSilentGoFirst: where there is no place for another client, the oldest of those
// that have sent nothing is closed; those that have are not.
func TestSilentGoFirst(t *testing.T) {
	s := &server.Server{MaxConnections: 3, IdleTimeout: time.Hour}
	running := start(t, echo(), s)
	asked := running.dial()
	asked.wantOpen()
	var silent []*client
	for i := range 2 {
		silent = append(silent, running.dial())
		parked(t, i+1)
	}
	for i := range silent {
		next := running.dial()
		silent[i].wantClosed()
		next.wantOpen()
		asked.wantOpen()
	}
	got := running.dial().ask(post("/api/v0/echo/read", ""))
	wantOverloaded(t, got)
	if got := s.Stats(); got.Connections != 3 || got.Shed != (server.Shed{Connections: 3}) {
		t.Errorf("got %+v, want 3 connections, 2 that were closed and 1 refused", got)
	}
}

// late is a listener of whose first client is known only once gate is closed that
// something has come.
type late struct {
	net.Listener
	seen, gate chan struct{}
	accepted   int
}

func (l *late) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if l.accepted++; err != nil || l.accepted > 1 {
		return c, err
	}
	return &lateConn{c.(*net.TCPConn), l}, nil
}

type lateConn struct {
	*net.TCPConn
	of *late
}

func (c *lateConn) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.TCPConn.SyscallConn()
	return &lateRaw{raw, c.of}, err
}

type lateRaw struct {
	syscall.RawConn
	of *late
}

func (r *lateRaw) Read(f func(uintptr) bool) error {
	err := r.RawConn.Read(f)
	close(r.of.seen)
	<-r.of.gate
	return err
}

// TestSilentSpeaksTooLate: a request that comes while its connection is closed for
// another client is answered with 503, and its function does not run.
func TestSilentSpeaksTooLate(t *testing.T) {
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &late{Listener: ln, seen: make(chan struct{}), gate: make(chan struct{})}
	s := &server.Server{MaxConnections: 1, IdleTimeout: time.Hour}
	running := startAt(t, l, echo(), s)
	first := running.dial()
	first.send(post("/api/v0/echo/read", ""))
	wait(t, "something has come", l.seen)
	running.dial().wantOpen()
	wantOverloaded(t, first.receive("POST"))
	close(l.gate)
	first.wantClosed()
	if lines := strings.Count(running.access.String(), "\n"); lines != 1 {
		t.Errorf("the access log has %d lines, want 1:\n%s", lines, running.access)
	}
}

// TestSilentCrowd: more clients than there are places connect and say nothing, all the
// time, while others connect and ask. Functions run for those that are answered with
// 200, and for nobody else.
func TestSilentCrowd(t *testing.T) {
	const places, asking = 200, 200
	var ran atomic.Int64
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error { ran.Add(1); return nil })})
	running := start(t, api, &server.Server{MaxConnections: places, IdleTimeout: time.Hour})
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		crowd(running.address, 2*places, stop)
	}()
	answered := int64(0)
	for range asking {
		if answers200(running.address) {
			answered++
		}
	}
	close(stop)
	<-ended
	if got := ran.Load(); got != answered || answered == 0 {
		t.Errorf("the function ran %d times, and %d of %d were answered with 200", got, answered, asking)
	}
}

// crowd opens connections until stop is closed, and keeps the newest n open.
func crowd(address string, n int, stop chan struct{}) {
	open := make([]net.Conn, n)
	for i := 0; ; i++ {
		select {
		case <-stop:
			for _, c := range open {
				if c != nil {
					c.Close()
				}
			}
			return
		default:
		}
		if c := open[i%n]; c != nil {
			c.Close()
		}
		open[i%n], _ = net.Dial("tcp", address)
	}
}

func answers200(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, post("/api/v0/echo/read", "")); err != nil {
		return false
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	return err == nil && r.StatusCode == 200
}

// TestSilentAtDrain: neither plain nor secured clients that say nothing hold Serve up.
func TestSilentAtDrain(t *testing.T) {
	for name, s := range map[string]*server.Server{"plain": {}, "TLS": {Certificate: certificate(t)}} {
		t.Run(name, func(t *testing.T) {
			s.DrainWindow, s.Drain, s.IdleTimeout, s.HeaderTimeout = -1, time.Hour, time.Hour, time.Hour
			running := start(t, echo(), s)
			var clients []*client
			for range 10 {
				clients = append(clients, running.dial())
			}
			parked(t, 10)
			running.end()
			for _, c := range clients {
				c.wantClosed()
			}
			if err := wait(t, "Serve ends", running.ended); err != nil {
				t.Error(err)
			}
			running.ended <- nil
		})
	}
}

// BenchmarkFirstRequest is a client that connects and asks at once.
func BenchmarkFirstRequest(b *testing.B) {
	running := start(b, echo(), &server.Server{})
	request := []byte(post("/api/v0/echo/read", "{}"))
	answer := make([]byte, 4096)
	for b.Loop() {
		c, err := net.Dial("tcp", running.address)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(answer); err != nil {
			b.Fatal(err)
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}
