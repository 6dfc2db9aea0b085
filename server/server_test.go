package server_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// running is a server that a test talks to.
type running struct {
	t       testing.TB
	address string
	log     *lines
	access  *lines
	end     func()     // begins the end of Serve
	ended   chan error // what Serve returned
}

// start serves an API until the test ends, and sees to it that nothing of the
// server is left then. Settings are those of s, with no drain window and a short
// drain where s does not say.
func start(t testing.TB, api *apiphant.API, s *server.Server) *running {
	t.Helper()
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startAt(t, ln, api, s)
}

func startAt(t testing.TB, ln net.Listener, api *apiphant.API, s *server.Server) *running {
	t.Helper()
	r := &running{t: t, address: ln.Addr().String(), log: &lines{}, access: &lines{}, ended: make(chan error, 1)}
	s.API, s.Log, s.AccessLog = api, r.log.logger(), r.access.log
	if !s.HasWindow() {
		s.DrainWindow = cmp.Or(s.DrainWindow, -1)
	}
	s.Drain = cmp.Or(s.Drain, 5*time.Second)
	ctx, cancel := context.WithCancel(apiphant.WithLog(t.Context(), slog.New(slog.NewJSONHandler(r.log, nil))))
	r.end = cancel
	go func() { r.ended <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-r.ended:
			if err != nil {
				t.Errorf("Serve: got %v, want nil", err)
			}
		case <-time.After(patience):
			t.Errorf("Serve has not ended\n%s", stacks())
		}
		checkGoroutines(t)
	})
	return r
}

// checkGoroutines waits until no goroutine of the server or of an action is
// left. The one that fasthttp's worker pool sleeps in ends by itself.
func checkGoroutines(t testing.TB) {
	t.Helper()
	var left []string
	none := func() bool {
		left = left[:0]
		for _, stack := range strings.Split(stacks(), "\n\n") {
			if strings.Contains(stack, "apiphant/server.") || strings.Contains(stack, "apiphant/server/") || strings.Contains(stack, "apiphant.(*") ||
				strings.Contains(stack, "fasthttp.(*Server)") {
				left = append(left, stack)
			}
		}
		return len(left) == 0
	}
	if !happens(none) {
		t.Errorf("goroutines are left:\n%s", strings.Join(left, "\n\n"))
	}
}

func stacks() string {
	buffer := make([]byte, 1<<20)
	all := string(buffer[:runtime.Stack(buffer, true)])
	_, others, _ := strings.Cut(all, "\n\n") // without this one
	return others
}

// client is one connection to the server, for raw bytes.
type client struct {
	t testing.TB
	*net.TCPConn
	in *bufio.Reader
}

func (r *running) dial() *client {
	r.t.Helper()
	c, err := net.DialTimeout("tcp", r.address, patience)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return newClient(r.t, c)
}

func newClient(t testing.TB, c net.Conn) *client {
	return &client{t: t, TCPConn: c.(*net.TCPConn), in: bufio.NewReader(c)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}

// answer is what came back for one request.
type answer struct {
	status int
	header http.Header
	body   string
	close  bool // the connection is not to be used again
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// receive reads one answer, to a request of a method.
func (c *client) receive(method string) answer {
	c.t.Helper()
	a, err := c.tryReceive(method)
	if err != nil {
		c.t.Fatalf("receiving an answer: %v (so far: %v)", err, a)
	}
	return a
}

func (c *client) tryReceive(method string) (answer, error) {
	r, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return answer{r.StatusCode, r.Header, string(body), r.Close}, err
}

// ask sends a request and reads its answer.
func (c *client) ask(request string) answer {
	c.t.Helper()
	c.send(request)
	method, _, _ := strings.Cut(request, " ")
	return c.receive(method)
}

// wantClosed checks that the server closes the connection with nothing more to say.
func (c *client) wantClosed() {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	if len(rest) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("got %q and %v, want the end of the connection", rest, err)
	}
}

// wantOpen checks that the connection serves a further request.
func (c *client) wantOpen() {
	c.t.Helper()
	if got := c.ask(post("/api/v0/echo/read", `{"still":"here"}`)); got.String() != `200 {"still":"here"}` {
		c.t.Errorf("the next request: got %v", got)
	}
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// echo is the API of most tests, to which a test adds what it needs.
func echo() *apiphant.API {
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
	})
	return api
}

// raw serves a function, raw both ways, at /api/v0/raw/read.
func raw(f func(w http.ResponseWriter, r *http.Request)) *apiphant.API {
	api := echo()
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.Raw(f)})
	return api
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case slog.LevelKey:
			return slog.String("level", strings.ToLower(a.Value.String()))
		case slog.MessageKey:
			return slog.String("message", a.Value.String())
		}
		return a
	}}))
}

// log writes a line of the access log.
func (l *lines) log(access *server.Access) {
	fields := map[string]any{
		"message": "access", "method": string(access.Method), "path": string(access.Path), "status": access.Status,
		"bytes": access.Sent, "received": access.Received, "duration": access.Duration, "request_id": string(access.RequestID),
		"remote_addr": access.RemoteAddr.String(), "user_agent": string(access.UserAgent), "reason": access.Reason, "time": access.Time,
	}
	if access.HasRows {
		fields["rows"] = access.Rows
	}
	if access.TraceID != "" {
		fields["trace_id"] = access.TraceID
	}
	line, _ := json.Marshal(fields)
	_, _ = l.Write(append(line, '\n'))
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) Sync() error { return nil }

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// wait returns once a channel is closed or has something.
func wait[T any](t testing.TB, what string, c <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-c:
	case <-time.After(patience):
		t.Fatalf("%s: has not happened\n%s", what, stacks())
	}
	return value
}
