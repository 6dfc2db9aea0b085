package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

type (
	panicsAsJSON  struct{}
	panicsAsError struct{}
	panicsAtRules struct {
		A int `json:"a"`
	}
	panicsFromJSON struct{ A fromJSON }
	fromJSON       struct{}
)

func (panicsAsJSON) MarshalJSON() ([]byte, error) { panic("on purpose") }
func (panicsAsError) Error() string               { panic("on purpose") }
func (panicsAtRules) Validate() error             { panic("on purpose") }
func (*fromJSON) UnmarshalJSON([]byte) error      { panic("on purpose") }

// panicking serves functions and middleware that fail, each in its own way.
func panicking() *apiphant.API {
	api := echo()
	read := func(name string, action apiphant.Action) { api.Handle("v0/"+name, apiphant.Actions{Read: action}) }
	fail := func(name string, f func()) {
		read(name, apiphant.Proc(func(context.Context, apiphant.Object) error { f(); return nil }))
		read("raw-"+name, apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "some"); f() }))
		read("sent-"+name, apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) { sendSome(w); f() }))
		read("sent-of-10-"+name, apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			sendSome(w)
			f()
		}))
		api.Use("v0/before-"+name, func(apiphant.Handler) apiphant.Handler {
			return func(context.Context, *apiphant.Call) error { f(); return nil }
		})
		api.Use("v0/after-"+name, func(next apiphant.Handler) apiphant.Handler {
			return func(ctx context.Context, call *apiphant.Call) error { _ = next(ctx, call); f(); return nil }
		})
		for _, when := range []string{"before-", "after-"} {
			read(when+name, apiphant.Proc(func(context.Context, apiphant.Object) error { return nil }))
		}
	}
	var nobody *http.Request
	var unmade map[string]int
	fail("text", func() { panic("on purpose") })
	fail("nil", func() { panic(nil) })
	fail("list", func() { panic([]int{1}) }) // which can't be compared
	fail("error", func() { panic(errors.New("on purpose")) })
	fail("pointer", func() { nobody.Method = "" })
	fail("map", func() { unmade["a"] = 1 })
	fail("exit", runtime.Goexit)
	read("marshal", apiphant.Func(func(context.Context, apiphant.Object) (panicsAsJSON, error) { return panicsAsJSON{}, nil }))
	read("an-error", apiphant.Proc(func(context.Context, apiphant.Object) error { return panicsAsError{} }))
	read("validate", apiphant.Proc(func(context.Context, panicsAtRules) error { return nil }))
	read("unmarshal", apiphant.Proc(func(context.Context, panicsFromJSON) error { return nil }))
	return api
}

func sendSome(w http.ResponseWriter) {
	_, _ = io.WriteString(w, "some")
	_ = http.NewResponseController(w).Flush()
}

// TestPanics: 500 where nothing went out, an answer that can't be taken for
// whole where something did, the stack in the log, and the server serves on.
func TestPanics(t *testing.T) {
	running := start(t, panicking(), &server.Server{})
	log := func() (added string) {
		all := running.log.String()
		running.log.reset()
		return all
	}
	for _, name := range []string{"text", "nil", "list", "error", "pointer", "map", "exit"} {
		for _, when := range []string{"", "raw-", "before-", "after-"} {
			c := running.dial()
			path := "/api/v0/" + when + name + "/read"
			c.send(post(path, `{"A":1}`))
			got, err := c.tryReceive("POST")
			switch {
			case name == "exit" && when != "raw-": // nobody is left to answer
				if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
					t.Errorf("%s: got %v and %v, want a closed connection", path, got, err)
				}
			case err != nil || got.String() != refusal(500):
				t.Errorf("%s: got %v and %v, want %v", path, got, err, refusal(500))
			default:
				c.wantOpen()
			}
			if log := log(); !saysHowItEnded(log, path, name) || strings.Contains(log, "ErrAbort") {
				t.Errorf("%s: the log is %s", path, log)
			}
		}
		for _, when := range []string{"sent-", "sent-of-10-"} {
			for _, version := range []string{"1.1", "1.0"} {
				c := running.dial()
				path := "/api/v0/" + when + name + "/read"
				c.send("POST " + path + " HTTP/" + version + "\r\nHost: test\r\n\r\n")
				if got, err := c.tryReceive("POST"); err == nil || got.status != 0 && got.body != "some" {
					t.Errorf("%s, HTTP/%s: got %v and %v, want some and an error", path, version, got, err)
				}
				if log := log(); !saysHowItEnded(log, path, name) {
					t.Errorf("%s: the log is %s", path, log)
				}
			}
		}
	}
	for _, name := range []string{"marshal", "an-error", "validate", "unmarshal"} {
		c := running.dial()
		path := "/api/v0/" + name + "/read"
		if got := c.ask(post(path, `{"A":1}`)); got.String() != refusal(500) {
			t.Errorf("%s: got %v, want %v", path, got, refusal(500))
		}
		c.wantOpen()
		if log := log(); !strings.Contains(log, path+" ended with 500: ") || !strings.Contains(strings.ToLower(log), "panic") {
			t.Errorf("%s: the log is %s", path, log)
		}
	}
}

// saysHowItEnded reports whether the log says how a function ended that did not return.
func saysHowItEnded(log, path, name string) bool {
	if name == "exit" {
		return strings.Contains(log, path+" ended with 500: runtime.Goexit was called")
	}
	return strings.Contains(log, path+" ended with 500: panic: ") && strings.Contains(log, "panic_test.go:")
}

// TestGoexitLeaksNothing: neither the connection, for which the end would wait,
// nor a place in what fasthttp bounds.
func TestGoexitLeaksNothing(t *testing.T) {
	running := start(t, panicking(), &server.Server{})
	for i := range 50 {
		c := running.dial()
		c.send(fmt.Sprintf("POST /api/v0/exit/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: exit-%d\r\n\r\n", i))
		c.wantClosed()
		if access := running.access.String(); strings.Count(access, `"status":0`) != i+1 {
			t.Fatalf("after %d: the access log is %s", i+1, access)
		}
	}
	running.dial().wantOpen()
}

// unruly is a listener that panics, as do its connections.
type unruly struct {
	net.Listener
	accepts, reads, writes atomic.Int32 // how often, and of how many connections
}

type unrulyConn struct {
	net.Conn
	reading, writing bool // panics
}

func (u *unruly) Accept() (net.Conn, error) {
	if u.accepts.Add(-1) >= 0 {
		panic("while accepting")
	}
	c, err := u.Listener.Accept()
	return unrulyConn{c, u.reads.Add(-1) >= 0, u.writes.Add(-1) >= 0}, err
}

func (c unrulyConn) Read(p []byte) (int, error) {
	if c.reading {
		panic("while reading")
	}
	return c.Conn.Read(p)
}

func (c unrulyConn) Write(p []byte) (int, error) {
	if c.writing {
		panic("while writing")
	}
	return c.Conn.Write(p)
}

// TestPanicsOutsideOfCalls end a connection at most.
func TestPanicsOutsideOfCalls(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &unruly{Listener: ln}
	u.accepts.Store(3)
	running := startAt(t, u, echo(), &server.Server{})
	wantServed := func() { // by a connection that reads no more, which would take the panic of the next
		c := running.dial()
		c.ask("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
		c.wantClosed()
	}
	wantServed()
	for what, times := range map[string]*atomic.Int32{"reading": &u.reads, "writing": &u.writes} {
		times.Store(1)
		c := running.dial()
		c.send(post("/api/v0/echo/read", "{}"))
		c.wantClosed()
		times.Store(0)
		wantServed()
		if log := running.log.String(); !strings.Contains(log, "Panic in a connection: while "+what) || !strings.Contains(log, "unrulyConn") {
			t.Errorf("%s: the log is %s", what, log)
		}
	}
	if log := running.log.String(); strings.Count(log, "Panic in accepting a connection: while accepting") != 3 || !strings.Contains(log, "(*unruly).Accept") {
		t.Errorf("the log is %s", log)
	}
}

// panickingLog is a log that panics about errors.
type panickingLog struct{ slog.Handler }

func (panickingLog) Enabled(context.Context, slog.Level) bool   { panic("while logging") }
func (l panickingLog) WithAttrs(attrs []slog.Attr) slog.Handler { return l }

// TestPanicsOfTheLog, which comes after the recovery of a call, end the
// connection, and never look like an answer.
func TestPanicsOfTheLog(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running := &running{t: t, address: ln.Addr().String(), log: &lines{}}
	ctx, end := context.WithCancel(apiphant.WithLog(t.Context(), slog.New(panickingLog{})))
	ended := make(chan error)
	s := &server.Server{API: panicking(), Log: running.log.logger(), DrainWindow: -1}
	go func() { ended <- s.Serve(ctx, ln) }()
	for _, path := range []string{"text", "raw-text", "sent-text", "sent-of-10-text"} {
		c := running.dial()
		c.send(post("/api/v0/"+path+"/read", "{}"))
		if got, err := c.tryReceive("POST"); err == nil || got.status != 0 && got.body != "some" {
			t.Errorf("%s: got %v and %v, want an error", path, got, err)
		}
	}
	running.dial().wantOpen()
	if log := running.log.String(); strings.Count(log, "while logging") < 4 || !strings.Contains(log, "panickingLog.Enabled") {
		t.Errorf("the log is %s", log)
	}
	end()
	if err := wait(t, "Serve ends", ended); err != nil {
		t.Error(err)
	}
	checkGoroutines(t)
}
