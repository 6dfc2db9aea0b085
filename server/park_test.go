//go:build unix

package server_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// parked waits until n connections are parked.
func parked(t testing.TB, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%d are parked", n), func() bool { return strings.Count(stacks(), "connection.waitReadable(") == n })
}

// parking is a server that parks soon.
func parking(idle time.Duration) *server.Server {
	s := &server.Server{IdleTimeout: idle}
	s.Hurry(5 * time.Millisecond)
	return s
}

// TestParkedConnection serves requests that come while it waits, as any other.
func TestParkedConnection(t *testing.T) {
	running := start(t, connectionAPI(), parking(time.Hour))
	c := running.dial()
	for range 3 {
		c.wantOpen()
		parked(t, 1)
		c.send(post("/api/v0/echo/read", `{"a":1}`) + post("/api/v0/flush/read", ""))
		if got := c.receive("POST"); got.String() != `200 {"a":1}` {
			t.Errorf("got %v", got)
		}
		if got := c.receive("POST"); got.String() != `200 flushed` {
			t.Errorf("got %v", got)
		}
		parked(t, 1)
	}
	for range 2 {
		c.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n\r\n")
		if got := c.receive("POST"); got.String() != `200 {"a":1}` {
			t.Errorf("chunks: got %v", got)
		}
		parked(t, 1)
	}
	c.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: te") // only half a header
	c.send("st\r\nContent-Length: 0\r\n\r\n")
	if got := c.receive("POST"); got.String() != "200 {}" {
		t.Errorf("got %v", got)
	}
	_ = c.CloseWrite()
	c.wantClosed()
}

// TestParkedConnectionsKeepFewGoroutines beside those that wait for them.
func TestParkedConnectionsKeepFewGoroutines(t *testing.T) {
	running := start(t, echo(), parking(time.Hour))
	const connections = server.MaxIdleWorkers + 200
	var clients []*client
	for range connections {
		clients = append(clients, running.dial())
	}
	for _, c := range clients {
		c.wantOpen()
	}
	parked(t, connections)
	begun := time.Now()
	until(t, "the others have ended", func() bool {
		return strings.Count(stacks(), "server.(*workers).worker(") <= server.MaxIdleWorkers
	})
	if time.Since(begun) > server.WorkerLife/2 {
		t.Error("the others have ended only as those in reserve do, too")
	}
}

// TestParkedConnectionEnds with its idle time-out, with its client and with a
// slow header.
func TestParkedConnectionEnds(t *testing.T) {
	t.Run("time-out", func(t *testing.T) {
		c := start(t, echo(), parking(300*time.Millisecond)).dial()
		c.wantOpen()
		parked(t, 1)
		c.wantClosed()
	})
	t.Run("client", func(t *testing.T) {
		s := parking(time.Hour)
		running := start(t, echo(), s)
		for _, end := range []func(*client){
			func(c *client) { c.Close() },
			func(c *client) { _ = c.SetLinger(0); c.Close() }, // a reset
		} {
			c := running.dial()
			c.wantOpen()
			parked(t, 1)
			end(c)
			until(t, "it is closed", func() bool { return s.Stats().Connections == 0 })
		}
		if got := strings.Count(running.access.String(), "\n"); got != 2 {
			t.Errorf("the access log has %d lines, want 2:\n%s", got, running.access)
		}
	})
	t.Run("slow header", func(t *testing.T) {
		s := parking(time.Hour)
		s.HeaderTimeout = 50 * time.Millisecond
		c := start(t, echo(), s).dial()
		c.wantOpen()
		parked(t, 1)
		if got := c.ask("POST /api"); got.String() != refusal(408) {
			t.Errorf("got %v, want %v", got, refusal(408))
		}
		c.wantClosed()
	})
}

// TestDrainOfParkedConnections: they end at once, and what they have sent by
// then is answered.
func TestDrainOfParkedConnections(t *testing.T) {
	const clients = 50
	running := start(t, echo(), parking(time.Hour))
	var all []*client
	for range clients {
		c := running.dial()
		c.wantOpen()
		all = append(all, c)
	}
	parked(t, clients)
	for _, c := range all[:clients/2] {
		c.send(post("/api/v0/echo/read", ""))
	}
	running.end()
	for i, c := range all {
		if i < clients/2 {
			if got := c.receive("POST"); got.String() != "200 {}" {
				t.Errorf("got %v", got)
			}
		}
		c.wantClosed()
	}
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
}

// TestNotParkedWhileItRuns: neither a function that takes long nor a body that
// does is a wait for the next request.
func TestNotParkedWhileItRuns(t *testing.T) {
	api := echo()
	entered, release := make(chan struct{}), make(chan struct{})
	api.Handle("v0/block", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error {
		close(entered)
		<-release
		return nil
	})})
	s := &server.Server{}
	s.Hurry(time.Second)
	s.LowMemory = true
	running := start(t, api, s)
	c, slow := running.dial(), running.dial()
	c.wantOpen()
	slow.wantOpen()
	c.send(post("/api/v0/block/read", ""))
	slow.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{")
	wait(t, "the function runs", entered)
	idle := running.dial()
	idle.wantOpen()
	parked(t, 1) // the idle one, after 50 ms of LowMemory
	close(release)
	_, _ = io.WriteString(slow, "}")
	for _, c := range []*client{c, slow} {
		if got := c.receive("POST"); got.String() != "200 {}" {
			t.Errorf("got %v", got)
		}
	}
	parked(t, 3)
}
