package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// until waits for what must become true.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	if !happens(is) {
		t.Fatalf("%s: has not happened\n%s", what, stacks())
	}
}

// happens asks every millisecond until is reports true. It returns false where that
// takes longer than patience.
func happens(is func() bool) bool {
	ticker, deadline := time.NewTicker(time.Millisecond), time.After(patience)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-deadline:
			return is()
		}
	}
	return true
}

// wantOverloaded checks an answer to what was one too many.
func wantOverloaded(t testing.TB, got answer) {
	t.Helper()
	if got.String() != refusal(503) || got.header.Get("Retry-After") != "1" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %v with %v, want %v with Retry-After: 1", got, got.header, refusal(503))
	}
}

var refusedConnections = regexp.MustCompile(`"warn","message":"Overloaded: refused [1-4] new connections, 0 of`)

func TestMaxConnections(t *testing.T) {
	s := &server.Server{MaxConnections: 2}
	s.SweepEvery(10 * time.Millisecond)
	running := start(t, echo(), s)
	first, second := running.dial(), running.dial()
	first.wantOpen()
	second.wantOpen()
	for _, sent := range []string{post("/api/v0/echo/read", ""), post("/api/v0/echo/read", strings.Repeat(" ", 10_000)), "POST", ""} {
		third := running.dial()
		third.send(sent)
		got := third.receive("POST")
		wantOverloaded(t, got)
		if !got.close {
			t.Error("the answer does not say that the connection is closed")
		}
		third.wantClosed()
	}
	if got := s.Stats(); got.Connections != 2 || got.Shed != (server.Shed{Connections: 4}) {
		t.Errorf("got %+v, want 2 connections and 4 refused", got)
	}
	first.Close()
	until(t, "the first connection is gone", func() bool { return s.Stats().Connections == 1 })
	running.dial().wantOpen()
	second.wantOpen()
	until(t, "the log tells", func() bool {
		return refusedConnections.MatchString(running.log.String())
	})
}

// from is a listener whose clients come from the addresses that they say in
// their first line.
type from struct{ net.Listener }

func (l from) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	var address strings.Builder
	for b := make([]byte, 1); ; address.Write(b) {
		if _, err := c.Read(b); err != nil || b[0] == '\n' {
			return fromConn{c.(*net.TCPConn), net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address.String()), 1))}, nil
		}
	}
}

type fromConn struct {
	*net.TCPConn
	address net.Addr
}

func (c fromConn) RemoteAddr() net.Addr { return c.address }

func TestMaxConnectionsPerAddress(t *testing.T) {
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server.Server{MaxConnectionsPerAddress: 2, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	running := startAt(t, from{ln}, echo(), s)
	tests := []struct {
		address string
		want    int
	}{
		{"192.0.2.1", 200},
		{"192.0.2.1", 200},
		{"192.0.2.1", 503},
		{"::ffff:192.0.2.1", 503}, // the same one
		{"192.0.2.2", 200},
		{"2001:db8::1", 200},
		{"2001:db8::2", 200},
		{"2001:db8::3", 503}, // another address of the same network
		{"2001:db8:0:1::1", 200},
		{"10.1.2.3", 200}, {"10.1.2.3", 200}, {"10.1.2.3", 200}, // a proxy
		{"fd00::1", 200}, {"fd00::1", 200}, {"fd00::1", 200},
	}
	var clients []*client
	for _, tt := range tests {
		c := running.dial()
		got := c.ask(tt.address + "\n" + post("/api/v0/echo/read", ""))
		if got.status != tt.want {
			t.Errorf("%s: got %v, want %d", tt.address, got, tt.want)
		}
		if tt.want == 503 {
			wantOverloaded(t, got)
			c.wantClosed()
			continue
		}
		clients = append(clients, c)
	}
	if got := s.Stats(); got.Connections != len(clients) || got.Shed != (server.Shed{PerAddress: 3}) {
		t.Errorf("got %+v, want %d connections and 3 refused", got, len(clients))
	}
	clients[0].Close()
	until(t, "a connection is gone", func() bool { return s.Stats().Connections == len(clients)-1 })
	if got := running.dial().ask("192.0.2.1\n" + post("/api/v0/echo/read", "")); got.status != 200 {
		t.Errorf("after one is closed: got %v, want 200", got)
	}
}

// blocking has functions that run until they are released, typed and raw.
func blocking() (api *apiphant.API, entered chan struct{}, release chan struct{}) {
	entered, release = make(chan struct{}, 100), make(chan struct{})
	block := func() { entered <- struct{}{}; <-release }
	api = raw(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			apiphant.WriteError(w, r, err)
		}
	})
	api.Handle("v0/block", apiphant.Actions{
		Read: apiphant.Proc(func(context.Context, apiphant.Object) error { block(); return nil }),
		Create: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush() // streams from here on
			block()
		}),
		Update: apiphant.RawRequest(func(context.Context, *http.Request) (any, error) { block(); return nil, nil }),
		Delete: apiphant.RawResponse(func(context.Context, apiphant.Object, http.ResponseWriter) error { block(); return nil }),
	})
	return api, entered, release
}

func TestMaxRunning(t *testing.T) {
	for _, action := range []string{"read", "create", "update", "delete"} {
		t.Run(action, func(t *testing.T) {
			api, entered, release := blocking()
			s := &server.Server{MaxRunning: 1}
			running := start(t, api, s)
			first := running.dial()
			first.send(post("/api/v0/block/"+action, "{}"))
			wait(t, "the function runs", entered)
			for _, path := range []string{"/api/v0/echo/read", "/api/v0/raw/read", "/api/v0/block/delete"} {
				c := running.dial()
				for range 2 { // the connection is kept
					got := c.ask(post(path, "{}"))
					wantOverloaded(t, got)
					if got.close {
						t.Errorf("%s: the answer says that the connection is closed", path)
					}
				}
				got := c.ask(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n{", path))
				wantOverloaded(t, got)
				c.wantClosed() // the body that is missing can't be skipped
			}
			c := running.dial()
			for _, tt := range []struct{ path, want string }{{"/healthz", `200 {"status":"ok"}`}, {"/nothing", refusal(404)}} {
				if got := c.ask(post(tt.path, "")); got.String() != tt.want {
					t.Errorf("%s: got %v, want %s", tt.path, got, tt.want)
				}
			}
			if got := s.Stats(); got.Running != 1 || got.Shed != (server.Shed{Running: 9}) {
				t.Errorf("got %+v, want 1 that runs and 9 refused", got)
			}
			close(release)
			if got := first.receive("POST"); got.status != 200 {
				t.Errorf("the first: got %v, want 200", got)
			}
			until(t, "the place is free", func() bool { return s.Stats().Running == 0 })
			c.wantOpen()
		})
	}
}

// TestMaxRunningCountsNoBodies: who is slow to send takes nobody's place, and
// keeps none for later.
func TestMaxRunningCountsNoBodies(t *testing.T) {
	api, entered, release := blocking()
	running := start(t, api, &server.Server{MaxRunning: 1})
	defer close(release)
	slow, slower := running.dial(), running.dial()
	for _, c := range []*client{slow, slower} {
		c.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 7\r\n\r\n{")
	}
	running.dial().wantOpen()
	slow.send(`"a":1}`)
	if got := slow.receive("POST"); got.String() != `200 {"a":1}` {
		t.Errorf("got %v", got)
	}
	running.dial().send(post("/api/v0/block/read", ""))
	wait(t, "the function runs", entered)
	slower.send(`"a":1}`)
	wantOverloaded(t, slower.receive("POST"))
}

func TestBodyMemory(t *testing.T) {
	const size = 1_000_000
	const head = "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\n"
	object := `{"a":"` + strings.Repeat("a", size-8) + `"}`
	declared := head + fmt.Sprintf("Content-Length: %d\r\n\r\n", size) + object
	chunked := head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", size, object)
	s := &server.Server{BodyMemory: 3 * size}
	running := start(t, echo(), s)
	for name, request := range map[string]string{"declared": declared, "chunked": chunked} {
		for range 50 { // what they declare costs nothing
			running.dial().send(request[:len(head)+100])
		}
		first := running.dial()
		first.send(request[:len(request)-10])
		until(t, name+": the first has its memory", func() bool { return s.Stats().BodyMemory >= 2*size })
		second := running.dial()
		second.send(request[:len(head)+size/2])
		wantOverloaded(t, second.receive("POST"))
		running.dial().wantOpen() // a small one
		first.send(request[len(request)-10:])
		if name == "chunked" {
			first.send("0\r\n\r\n")
		}
		if got := first.receive("POST"); got.status != 200 || len(got.body) != size {
			t.Errorf("%s: got %d with %d bytes, want 200 with %d", name, got.status, len(got.body), size)
		}
		first.wantOpen()
		until(t, name+": all memory is free", func() bool { return s.Stats().BodyMemory == 0 })
	}
	if got := s.Stats().Shed; got != (server.Shed{Memory: 2}) {
		t.Errorf("got %+v, want 2 refused", got)
	}
}

// TestActionsOwnMaxBody: an action's bound holds in place of the server's.
func TestActionsOwnMaxBody(t *testing.T) {
	var calls atomic.Int32
	count := func(r *http.Request) error {
		if r != nil {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return err
			}
		}
		calls.Add(1)
		return nil
	}
	actions := func(bytes int64) apiphant.Actions {
		return apiphant.Actions{
			Read:   apiphant.Proc(func(context.Context, apiphant.Object) error { return count(nil) }).MaxBody(bytes),
			Create: apiphant.RawRequest(func(_ context.Context, r *http.Request) (any, error) { return nil, count(r) }).MaxBody(bytes),
		}
	}
	api := echo()
	api.Handle("v0/small", actions(100))
	api.Handle("v0/large", actions(300_000))
	running := start(t, api, &server.Server{MaxBody: 10_000, MaxUpload: 20_000})
	for target, bound := range map[string]int{"small": 100, "large": 300_000} {
		for _, action := range []string{"read", "create"} {
			head := fmt.Sprintf("POST /api/v0/%s/%s HTTP/1.1\r\nHost: test\r\n", target, action)
			whole := "{}" + strings.Repeat(" ", bound-2)
			chunk := func(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }
			for name, tt := range map[string]struct {
				request string
				want    int
			}{
				"declared":            {head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", bound, whole), 200},
				"chunked":             {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(whole) + "0\r\n\r\n", 200},
				"declared beyond":     {head + fmt.Sprintf("Content-Length: %d\r\n\r\n", bound+1), 413}, // and nothing of it sent
				"chunked beyond":      {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(whole) + chunk(" "), 413},
				"declared far beyond": {head + "Content-Length: 1000000000000\r\n\r\n", 413},
			} {
				calls.Store(0)
				got := running.dial().ask(tt.request)
				want := int32(0)
				if tt.want == 200 {
					want = 1
				} else if got.String() != refusal(413) {
					t.Errorf("%s %s, %s: got %v, want %v", target, action, name, got, refusal(413))
				}
				if got.status != tt.want || calls.Load() != want {
					t.Errorf("%s %s, %s: got %v and %d calls, want %d and %d", target, action, name, got, calls.Load(), tt.want, want)
				}
			}
		}
	}
}

func TestDeafFunction(t *testing.T) {
	for _, action := range []string{"read", "create"} {
		t.Run(action, func(t *testing.T) {
			api, entered, release := blocking()
			api.Timeout = time.Millisecond
			s := &server.Server{}
			s.Hurry(10 * time.Millisecond)
			running := start(t, api, s)
			c := running.dial()
			c.send(fmt.Sprintf("POST /api/v0/block/%s HTTP/1.1\r\nHost: test\r\nX-Request-Id: the-ignoring-one\r\nContent-Length: 0\r\n\r\n", action))
			wait(t, "the function runs", entered)
			until(t, "it is found out", func() bool { return s.Stats().Overdue == 1 })
			until(t, "others are answered", func() bool { running.dial().wantOpen(); return true })
			if got := s.Stats().Running; got != 1 {
				t.Errorf("%d run, want 1", got)
			}
			close(release)
			if got := c.receive("POST"); got.status != 200 {
				t.Errorf("got %v, want 200", got)
			}
			until(t, "it is forgotten", func() bool { return s.Stats().Overdue == 0 && s.Stats().Running == 0 })
			c.wantOpen()
			path := "/api/v0/block/" + action
			for _, line := range []string{path + " ignores its context: ", path + " returned at last, "} {
				want := 0
				for _, got := range strings.Split(running.log.String(), "\n") {
					if strings.Contains(got, line) && strings.Contains(got, `"request_id":"the-ignoring-one"`) && strings.Contains(got, `"level":"warn"`) {
						want++
					}
				}
				if want != 1 {
					t.Errorf("the log has %d lines of %q, want one:\n%s", want, line, running.log)
				}
			}
		})
	}
}

// TestFunctionThatIsInTime: what runs within its deadline is nobody's business.
func TestFunctionThatIsInTime(t *testing.T) {
	api, entered, release := blocking()
	api.Timeout = time.Hour
	s := &server.Server{}
	s.Hurry(time.Millisecond)
	running := start(t, api, s)
	c := running.dial()
	c.send(post("/api/v0/block/read", ""))
	wait(t, "the function runs", entered)
	time.Sleep(20 * time.Millisecond) // many sweeps, of which none must say anything: there is no event to wait for
	if got := s.Stats(); got.Overdue != 0 || got.Running != 1 {
		t.Errorf("got %+v, want one that runs", got)
	}
	close(release)
	c.receive("POST")
	if log := running.log.String(); strings.Contains(log, "block") {
		t.Errorf("the log has %s", log)
	}
}

// TestSweepKnowsTimeoutsOfActions: an action's own timeout counts, and not the API's.
func TestSweepKnowsTimeoutsOfActions(t *testing.T) {
	entered, release := make(chan struct{}, 2), make(chan struct{})
	defer close(release)
	ignores := apiphant.NoRequest(func(context.Context) (any, error) {
		entered <- struct{}{}
		<-release
		return nil, nil
	})
	api := &apiphant.API{Timeout: -1}
	api.Handle("v0/ignores", apiphant.Actions{Create: ignores, Read: ignores.Timeout(time.Millisecond)})
	s := &server.Server{}
	s.Hurry(10 * time.Millisecond)
	running := start(t, api, s)
	for _, action := range []string{"create", "read"} {
		running.dial().send(post("/api/v0/ignores/"+action, ""))
		wait(t, "the function runs", entered)
	}
	until(t, "one of them is found out", func() bool { return s.Stats().Overdue == 1 })
	if log := running.log.String(); !strings.Contains(log, "/api/v0/ignores/read ignores its context") || strings.Contains(log, "create") {
		t.Errorf("the log has %s", log)
	}
}

// TestOverloadLeavesNothing: after more than there is room for, of everything,
// all is as it was.
func TestOverloadLeavesNothing(t *testing.T) {
	const clients = 200
	s := &server.Server{MaxConnections: clients / 2, MaxRunning: 4, BodyMemory: 1 << 20}
	s.Hurry(10 * time.Millisecond)
	running := start(t, echo(), s)
	running.dial().wantOpen()
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors(t)
	body := `{"a":"` + strings.Repeat("a", 200_000) + `"}`
	var answered atomic.Int64
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			c, err := net.Dial("tcp", running.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(patience))
			client := newClient(t, c)
			for range 5 {
				_, _ = io.WriteString(c, post("/api/v0/echo/read", body[:len(body)-i%2])) // what does not come whole is not asked about
				got, err := client.tryReceive("POST")
				if err != nil {
					return
				}
				answered.Add(1)
				if got.status == 503 {
					wantOverloaded(t, got)
				}
			}
		})
	}
	all.Wait()
	if answered.Load() == 0 { // how many there are is a matter of how busy the machine is
		t.Error("nobody was answered")
	}
	until(t, "nothing is left", func() bool {
		got := s.Stats()
		return got.Connections == 1 && got.Running == 0 && got.BodyMemory == 0
	})
	if got := s.Stats().Shed; got.Connections == 0 || got.Memory == 0 {
		t.Errorf("nothing was refused: %+v", got)
	}
	until(t, "the goroutines have gone", func() bool { return runtime.NumGoroutine() <= goroutines+1 })
	until(t, "the descriptors are closed", func() bool { return openDescriptors(t) <= descriptors })
}

// openDescriptors is 0 where the system does not tell.
func openDescriptors(t testing.TB) int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	return len(files)
}

// TestMemoryIsGivenBack once a load has gone.
func TestMemoryIsGivenBack(t *testing.T) {
	const size = 1 << 20
	s := &server.Server{}
	s.SweepEvery(10 * time.Millisecond)
	running := start(t, echo(), s)
	var clients []*client
	for range 20 {
		c := running.dial()
		c.send(fmt.Sprintf("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n", size) + strings.Repeat(" ", size-1))
		clients = append(clients, c)
	}
	until(t, "the bodies have come", func() bool { return s.Stats().BodyMemory == 2*20*size })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range clients {
		c.Close()
	}
	until(t, "the heap is collected", func() bool {
		runtime.ReadMemStats(&after)
		return after.NumForcedGC >= before.NumForcedGC+2
	})
}
