package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// TestDrainLosesNothing: 50 clients ask all the time, each on a connection that
// it keeps until it is told not to, while Serve ends. Every request is answered.
// (For who connects anew, see TestDrainAcceptsWhoHasConnected and
// TestDrainLetsNobodyIn.)
func TestDrainLosesNothing(t *testing.T) {
	const clients = 50
	running := start(t, echo(), (&server.Server{}).WaitUntilGone(patience))
	var answered, told, lost atomic.Int64
	var group sync.WaitGroup
	for range clients {
		c := running.dial()
		group.Go(func() { askUntilTold(c, &answered, &told, &lost) })
	}
	until(t, "the clients are answered", func() bool { return answered.Load() >= 10*clients })
	running.end()
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil // for the end of the test
	group.Wait()
	if lost.Load() > 0 || told.Load() != clients {
		t.Errorf("answered %d, lost %d, told to close %d: want none lost, and each of %d told", answered.Load(), lost.Load(), told.Load(), clients)
	}
}

func askUntilTold(c *client, answered, told, lost *atomic.Int64) {
	defer c.Close()
	in, request := c.in, []byte(post("/api/v0/echo/read", `{}`))
	for {
		if _, err := c.Write(request); err != nil {
			lost.Add(1)
			return
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			lost.Add(1)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != 200 {
			lost.Add(1)
			return
		}
		answered.Add(1)
		if r.Close {
			told.Add(1)
			return
		}
	}
}

// gated is a listener whose next Accept waits for its gate, as one does for
// which the machine has no time.
type gated struct {
	*net.TCPListener
	gate, told chan struct{}
}

func (g *gated) Accept() (net.Conn, error) {
	<-g.gate
	return g.TCPListener.Accept()
}

func (g *gated) SetDeadline(t time.Time) error {
	defer close(g.told)
	return g.TCPListener.SetDeadline(t)
}

// TestDrainAcceptsWhoHasConnected: the system has made their connections, and
// they have sent their requests, before the listener is closed.
func TestDrainAcceptsWhoHasConnected(t *testing.T) {
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gated{ln.(*net.TCPListener), make(chan struct{}), make(chan struct{})}
	running := startAt(t, g, echo(), &server.Server{DrainWindow: -1})
	clients := []*client{running.dial(), running.dial(), running.dial()}
	for _, c := range clients {
		c.send(post("/api/v0/echo/read", ""))
	}
	running.end()
	wait(t, "the listener is to be closed", g.told)
	close(g.gate)
	for _, c := range clients {
		if got := c.receive("POST"); got.String() != "200 {}" || !got.close {
			t.Errorf("got %v, closing: %t", got, got.close)
		}
	}
}

// TestDrainDoesNotWaitForIdle: neither a connection between two requests nor one
// that never asked holds Serve up, and neither gets an answer nobody asked for.
func TestDrainDoesNotWaitForIdle(t *testing.T) {
	running := start(t, echo(), &server.Server{DrainWindow: -1, Drain: time.Hour, IdleTimeout: time.Hour, HeaderTimeout: time.Hour})
	silent, idle := running.dial(), running.dial()
	idle.wantOpen()
	running.end()
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
	silent.wantClosed()
	idle.wantClosed()
}

// TestDrainAnswersWhatIsUnderWay: a request of which half has come, and one that
// runs, are answered; new ones meanwhile too, with "Connection: close"; and
// /healthz sends load balancers elsewhere.
func TestDrainAnswersWhatIsUnderWay(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	api := echo()
	api.Handle("v0/slow", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		close(begun)
		<-goOn
		return ctx.Err()
	})})
	api.Handle("v0/stream", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
	})})
	running := start(t, api, (&server.Server{Drain: time.Hour}).WaitUntilGone(time.Hour))
	slow, half, idle, stream := running.dial(), running.dial(), running.dial(), running.dial()
	if got := stream.ask(post("/api/v0/stream/read", "")); got.String() != "200 " || got.close {
		t.Errorf("a stream before: got %v, closing: %t", got, got.close)
	}
	if got := idle.ask("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"); got.String() != `200 {"status":"ok"}` || got.close {
		t.Errorf("/healthz before: got %v, closing: %t", got, got.close)
	}
	slow.send(post("/api/v0/slow/read", "{}"))
	wait(t, "the slow function runs", begun)
	half.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: te")
	running.end()
	for { // until the end has begun
		c := running.dial()
		if got := c.ask("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"); got.status == 503 {
			if got.String() != refusal(503) || !got.close {
				t.Errorf("/healthz: got %v, closing: %t", got, got.close)
			}
			c.wantClosed()
			break
		}
		c.Close()
	}
	if got := idle.ask(post("/api/v0/echo/read", `{"a":1}`)); got.String() != `200 {"a":1}` || !got.close {
		t.Errorf("a request within the window: got %v, closing: %t", got, got.close)
	}
	idle.wantClosed()
	if got := stream.ask(post("/api/v0/stream/read", "")); got.String() != "200 " || !got.close {
		t.Errorf("a stream within the window: got %v, closing: %t", got, got.close)
	}
	stream.wantClosed()
	half.send("st\r\nContent-Length: 0\r\n\r\n")
	if got := half.receive("POST"); got.String() != "200 {}" || !got.close {
		t.Errorf("a request that had begun: got %v, closing: %t", got, got.close)
	}
	close(goOn)
	if got := slow.receive("POST"); got.String() != "200 {}" || !got.close {
		t.Errorf("a call that ran: got %v, closing: %t", got, got.close)
	}
	if err := wait(t, "Serve ends, since all are gone", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
}

// TestDrainBeginsDuringStream: a client whose response began before the drain was not
// told that its connection is closed, so its next request is answered, too.
func TestDrainBeginsDuringStream(t *testing.T) {
	goOn := make(chan struct{})
	running := start(t, raw(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-goOn
	}), (&server.Server{Drain: time.Hour}).WaitUntilGone(time.Hour))
	c := running.dial()
	c.send(post("/api/v0/raw/read", ""))
	head, err := c.in.Peek(12)
	if err != nil || string(head) != "HTTP/1.1 200" {
		t.Fatalf("got %q and %v", head, err)
	}
	running.end()
	until(t, "the drain has begun", func() bool { return strings.Contains(running.log.String(), "Draining") })
	close(goOn)
	if got := c.receive("POST"); got.String() != "200 " || got.close {
		t.Errorf("got %v, closing: %t", got, got.close)
	}
	if got := c.ask(post("/api/v0/raw/read", "")); got.String() != "200 " || !got.close {
		t.Errorf("the next one: got %v, closing: %t", got, got.close)
	}
	c.wantClosed()
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
}

// TestSetWindowLasts: whoever connects anew, one after the other, is answered until
// the window that was set has ended.
func TestSetWindowLasts(t *testing.T) {
	const window = 500 * time.Millisecond
	running := start(t, echo(), &server.Server{DrainWindow: window})
	ended := make(chan error, 1)
	began := time.Now()
	running.end()
	go func() { ended <- <-running.ended }()
	for asked := 0; ; asked++ {
		select {
		case err := <-ended:
			if took := time.Since(began); err != nil || took < window || asked == 0 {
				t.Errorf("Serve returned %v after %v and %d requests, want it to take %v", err, took, asked, window)
			}
			running.ended <- nil
			return
		default:
		}
		c, err := net.Dial("tcp", running.address)
		if err == nil {
			_, err = io.WriteString(c, post("/api/v0/echo/read", `{}`))
		}
		var r *http.Response
		if err == nil {
			r, err = http.ReadResponse(bufio.NewReader(c), nil)
		}
		if took := time.Since(began); err != nil && took < window {
			t.Fatalf("after %v: %v", took, err)
		} else if err == nil && r.StatusCode != 200 {
			t.Fatalf("after %v: %s", took, r.Status)
		}
		if c != nil {
			c.Close()
		}
	}
}

// TestDrainAfterWindow: the listener is closed, and what runs or has begun to
// come is still waited for.
func TestDrainAfterWindow(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	api := echo()
	api.Handle("v0/slow", apiphant.Actions{Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
		close(begun)
		<-goOn
		return ctx.Err()
	})})
	running := start(t, api, &server.Server{DrainWindow: -1, Drain: time.Hour})
	slow, half := running.dial(), running.dial()
	half.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: te")
	slow.send(post("/api/v0/slow/read", "{}"))
	wait(t, "the slow function runs", begun)
	running.end()
	for {
		c, err := net.Dial("tcp", running.address)
		if err != nil {
			break
		}
		c.Close()
	}
	half.send("st\r\nContent-Length: 0\r\n\r\n")
	if got := half.receive("POST"); got.String() != "200 {}" || !got.close {
		t.Errorf("a request that had begun: got %v, closing: %t", got, got.close)
	}
	close(goOn)
	if got := slow.receive("POST"); got.String() != "200 {}" || !got.close {
		t.Errorf("a call that ran: got %v, closing: %t", got, got.close)
	}
}

// TestEndOfDrainCancels the contexts of the calls that still run; their answers
// still arrive.
func TestEndOfDrainCancels(t *testing.T) {
	begun := make(chan struct{}, 2)
	waiting := func(ctx context.Context) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	api := raw(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(418)
		fmt.Fprint(w, waiting(r.Context()))
	})
	api.Handle("v0/slow", apiphant.Actions{Read: apiphant.Func(func(ctx context.Context, _ apiphant.Object) (any, error) {
		return apiphant.Object{"ended": waiting(ctx).Error()}, nil
	})})
	running := start(t, api, &server.Server{DrainWindow: -1, Drain: 20 * time.Millisecond})
	one, other := running.dial(), running.dial()
	one.send(post("/api/v0/slow/read", "{}"))
	other.send(post("/api/v0/raw/read", ""))
	wait(t, "a call runs", begun)
	wait(t, "another call runs", begun)
	running.end()
	if got := one.receive("POST"); got.String() != `200 {"ended":"context canceled"}` {
		t.Errorf("got %v", got)
	}
	if got := other.receive("POST"); got.String() != "418 context canceled" {
		t.Errorf("raw: got %v", got)
	}
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
	if !strings.Contains(running.log.String(), "their contexts are cancelled") {
		t.Errorf("the log does not tell: %s", running.log)
	}
}

// TestServeFails with what it can't do, and at once.
func TestServeFails(t *testing.T) {
	t.Run("API that can't work", func(t *testing.T) {
		ln, err := server.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		api := &apiphant.API{}
		api.Handle("echo", apiphant.Actions{})
		if err := (&server.Server{API: api}).Serve(t.Context(), ln); err == nil || !strings.Contains(err.Error(), "echo") {
			t.Errorf("got %v, want what is wrong with the API", err)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener: got %v, want it closed", err)
		}
	})
	t.Run("listener that is closed", func(t *testing.T) {
		ln, err := server.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		if err := (&server.Server{API: echo()}).Serve(t.Context(), ln); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want %v", err, net.ErrClosed)
		}
	})
}

// lastMoment is a listener at which somebody tries to connect between its last
// accept and its close.
type lastMoment struct {
	*net.TCPListener
	connected chan error
}

func (l *lastMoment) Close() error {
	conn, err := net.DialTimeout("tcp", l.Addr().String(), 100*time.Millisecond)
	if err == nil {
		conn.Close()
	}
	select {
	case l.connected <- err:
	default:
	}
	return l.TCPListener.Close()
}

// TestDrainLetsNobodyIn whom the close of the listener would reset: who comes at
// the last moment waits, and is refused then.
func TestDrainLetsNobodyIn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system has no way to do it")
	}
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	last := &lastMoment{ln.(*net.TCPListener), make(chan error, 1)}
	running := startAt(t, last, echo(), &server.Server{DrainWindow: -1})
	running.dial().wantOpen()
	running.end()
	if err := wait(t, "somebody comes at the last moment", last.connected); err == nil {
		t.Error("somebody could connect, whom nobody accepts")
	}
}
