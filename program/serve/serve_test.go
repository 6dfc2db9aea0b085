package serve_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/program/serve"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func wantMatch(t *testing.T, pattern, text string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("got\n%s\nwant a match of %s", text, pattern)
	}
}

// echo is a product whose function waits for what is sent on release, if there
// is such a channel.
func echo(release chan struct{}) program.Product {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
			if release != nil {
				release <- struct{}{}
				<-release
			}
			return request, nil
		}),
		Delete: apiphant.Raw(func(http.ResponseWriter, *http.Request) {}),
	})
	return program.Product{Name: "myproduct", API: api, Doors: []program.Door{serve.Door{}}}
}

// running is a product that serves in this process.
type running struct {
	t      *testing.T
	url    string
	stop   context.CancelFunc
	status chan int
	before string        // what the log had before it said what is served
	first  string        // the line that says it
	lines  *bufio.Reader // of standard error, after that line
}

func served(t *testing.T, product program.Product, args ...string) *running {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	_ = out.SetReadDeadline(time.Now().Add(patience))
	ctx, stop := context.WithCancel(t.Context())
	r := &running{t: t, stop: stop, status: make(chan int, 1), lines: bufio.NewReader(out)}
	args = append([]string{"serve", "127.0.0.1:0", "--drain-window", "0", "--drain", "5s"}, args...)
	go func() {
		status := product.Run(ctx, args, io.Discard, in)
		in.Close()
		r.status <- status
	}()
	t.Cleanup(stop)
	r.awaitServing()
	return r
}

// awaitServing reads the log up to the line that says what is served.
func (r *running) awaitServing() {
	r.t.Helper()
	for r.first = r.line(); !strings.Contains(r.first, "Apiphant is serving "); r.first = r.line() {
		r.before += r.first
	}
	r.url = regexp.MustCompile(`http://[^/]*`).FindString(r.first)
}

func (r *running) line() string {
	r.t.Helper()
	line, err := r.lines.ReadString('\n')
	if err != nil {
		r.t.Fatalf("got %q and %v, want a line of the log", line, err)
	}
	return line
}

// end ends the product and returns its exit status and the rest of its log.
func (r *running) end() (int, string) {
	r.t.Helper()
	r.stop()
	rest, err := io.ReadAll(r.lines)
	if err != nil {
		r.t.Error(err)
	}
	select {
	case status := <-r.status:
		return status, string(rest)
	case <-time.After(patience):
		r.t.Fatalf("the program has not ended: %s", rest)
		return 0, ""
	}
}

func (r *running) post(body string) string { return r.ask("/api/v0/echo/read", body) }

func (r *running) ask(path, body string) string {
	answer, err := http.Post(r.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, text)
}

func TestServe(t *testing.T) {
	var order []string
	product := echo(nil)
	product.API.Start = func(ctx context.Context) error {
		order = append(order, "start")
		apiphant.Log(ctx).Info("starting")
		return ctx.Err()
	}
	product.API.Stop = func(ctx context.Context) error {
		order = append(order, "stop")
		apiphant.Log(ctx).Info("stopping")
		return ctx.Err() // it has time of its own
	}
	r := served(t, product, "--source", "/src/myproduct", "--access-log")
	wantMatch(t, `^INFO at serve_test.TestServe:\d+ \[.*\] starting\n$`, r.before)
	wantMatch(t, `^Apiphant is serving /src/myproduct/api at http://127\.0\.0\.1:\d+/api\n$`, r.first)
	if got := r.post(`{"a":1}`); got != `200 {"a":1}` {
		t.Errorf("got %s", got)
	}
	wantMatch(t, `^INFO \[.*\] access {"method":"POST","path":"/api/v0/echo/read","status":200,"bytes":7,"duration":".*","request_id":"[0-9a-f]{32}","remote_addr":"127.0.0.1:\d+","received":7,"user_agent":"Go-http-client/1.1"}\n$`, r.line())
	status, rest := r.end()
	if difference := cmp.Diff([]string{"start", "stop"}, order); status != command.ExitOK || difference != "" {
		t.Errorf("got status %d\n%s", status, difference)
	}
	wantMatch(t, `(?s)Draining: .*stopping\n$`, rest)
}

// TestServeStrict: the flag makes the product strict, and its absence doesn't make
// one that is strict by itself lenient.
func TestServeStrict(t *testing.T) {
	for name, own := range map[string]bool{"by flag": false, "by itself": true} {
		t.Run(name, func(t *testing.T) {
			product := echo(nil)
			product.API.Strict = own
			var args []string
			if !own {
				args = []string{"--strict"}
			}
			r := served(t, product, args...)
			if got, want := r.post(`{"a":1,"a":2}`), `400 {"error":{"field":"a","state":"duplicate"}}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			r.end()
		})
	}
}

// TestServeJSON: every line is JSON, the first one too.
func TestServeJSON(t *testing.T) {
	product := echo(nil)
	product.API.Start = func(ctx context.Context) error { apiphant.Log(ctx).Info("starting\nnow"); return nil }
	r := served(t, product, "--log", "json", "--access-log")
	r.post(`{}`)
	status, rest := r.end()
	if status != command.ExitOK {
		t.Errorf("got status %d", status)
	}
	lines := strings.Split(strings.TrimSuffix(r.before+r.first+rest, "\n"), "\n")
	if len(lines) < 4 {
		t.Errorf("got %d lines: %s", len(lines), rest)
	}
	for _, line := range lines {
		var entry struct{ Level, Time, Message string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level != "info" || entry.Message == "" {
			t.Errorf("%s: %v", line, err)
		}
		if _, err := time.Parse(time.RFC3339Nano, entry.Time); err != nil {
			t.Error(err)
		}
	}
	wantMatch(t, `"message":"Apiphant is serving myproduct/api at http://127\.0\.0\.1:\d+/api"`, lines[1])
}

// TestStopComesAfterTheLastCall: a call that runs when the program is to end is
// answered, and only then Stop is called.
func TestStopComesAfterTheLastCall(t *testing.T) {
	release, stopped := make(chan struct{}), make(chan struct{})
	product := echo(release)
	product.API.Stop = func(context.Context) error { close(stopped); return nil }
	r := served(t, product)
	answer := make(chan string, 1)
	go func() { answer <- r.post(`{"a":1}`) }()
	<-release // the function runs
	r.stop()
	wantMatch(t, "Draining", r.line())
	select {
	case <-stopped:
		t.Error("Stop was called while a call ran")
	default:
	}
	release <- struct{}{}
	if got := <-answer; got != `200 {"a":1}` {
		t.Errorf("got %s", got)
	}
	if status, _ := r.end(); status != command.ExitOK {
		t.Errorf("got status %d", status)
	}
	<-stopped
}

// TestServeFails: what fails before or after the API is served ends the program
// with its message and status 1.
func TestServeFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	failed := func(context.Context) error { return errors.New("no database") }
	panicked := func(context.Context) error { panic("on purpose") }
	never := func(context.Context) error { t.Error("called"); return nil }
	hangs := func(context.Context) error { <-t.Context().Done(); return nil }
	tests := []struct {
		name        string
		start, stop func(context.Context) error
		handle      string
		address     string
		want        string
	}{
		{"Start", failed, never, "v0/echo", "127.0.0.1:0", `^ERROR \[.*\] Start: no database\n$`},
		{"panic in Start", panicked, never, "v0/echo", "127.0.0.1:0", `^ERROR \[.*\] Start: panic: on purpose\n    goroutine (?s).*serve_test`},
		{"Stop", nil, failed, "v0/echo", "127.0.0.1:0", `\nERROR \[.*\] Stop: no database\n$`},
		{"panic in Stop", nil, panicked, "v0/echo", "127.0.0.1:0", `\nERROR \[.*\] Stop: panic: on purpose\n    goroutine `},
		{"Stop that hangs", nil, hangs, "v0/echo", "127.0.0.1:0", `\nERROR \[.*\] the function Stop did not return within 1s\n$`},
		{"port taken", never, never, "v0/echo", taken.Addr().String(), `^ERROR \[.*\] 127.0.0.1:\d+ is taken: another program listens there; `},
		{"API that can't work", never, never, "echo", "127.0.0.1:0", `^ERROR \[.*\] target "echo": version "echo": want v and digits, such as v0\n$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := &apiphant.API{Start: tt.start, Stop: tt.stop}
			api.Handle(tt.handle, apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error { return nil })})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			stderr := &watched{text: "Apiphant is serving", seen: stop}
			status := program.Product{Name: "myproduct", API: api, Doors: []program.Door{serve.Door{}}}.Run(ctx, []string{"serve", tt.address, "--drain-window", "0", "--drain", "0"}, io.Discard, stderr)
			if status != command.ExitFailure {
				t.Errorf("got status %d, want %d", status, command.ExitFailure)
			}
			wantMatch(t, tt.want, stderr.String())
		})
	}
}

// watched calls seen once a text was written.
type watched struct {
	mu   sync.Mutex
	out  bytes.Buffer
	text string
	seen func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Contains(p, []byte(w.text)) {
		w.seen()
	}
	return w.out.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.String()
}
