package server_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
	"github.com/apiphant/apiphant/server/internal/http1"
)

// asked collects the requests that reached an action.
type asked struct {
	mu    sync.Mutex
	names []string
}

func (a *asked) add(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names = append(a.names, name)
}

func (a *asked) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	names := a.names
	a.names = nil
	return names
}

// api has an action for each name: what comes is {} or nothing.
func (a *asked) api(t *testing.T) *apiphant.API {
	api := &apiphant.API{}
	for _, name := range []string{"echo", "marker", "smuggled"} {
		api.Handle("v0/"+name, apiphant.Actions{Read: apiphant.Proc(func(_ context.Context, request apiphant.Object) error {
			a.add(name)
			if len(request) > 0 {
				t.Errorf("%s: got %v, want {}", name, request)
			}
			return nil
		})})
	}
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.Raw(func(_ http.ResponseWriter, r *http.Request) {
		a.add("raw")
		_, _ = io.Copy(io.Discard, r.Body)
	})})
	return api
}

const marker = "POST /api/v0/marker/read HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}"

// TestWire sends each message with a further request behind it.
func TestWire(t *testing.T) {
	var asked asked
	running := start(t, asked.api(t), &server.Server{})
	tests := []struct {
		name     string
		cases    []wireCase
		next     string
		answers  int
		accepted bool
	}{
		{"refused", wireRefused, marker, 1, false},
		{"accepted", wireAccepted, marker, 2, true},
		{"closing", wireClosing, marker, 1, true},
	}
	for _, tt := range tests {
		for _, message := range tt.cases {
			for how, piece := range map[string]int{"whole": 1 << 20, "byte by byte": 1} {
				if len(message.raw) > 1000 && piece == 1 {
					continue // the sender's time, not the server's
				}
				t.Run(strings.Join([]string{tt.name, message.class, message.name, how}, "/"), func(t *testing.T) {
					got := running.sendWire(t, message.raw+tt.next, piece)
					names := asked.take()
					want := wantAsked(message, tt.accepted, tt.answers)
					if !slices.Equal(names, want) {
						t.Errorf("%q: %v were called, want %v (RFC %s)", message.raw, names, want, message.section)
					}
					if len(got) != tt.answers {
						t.Fatalf("%q: got %d answers: %v, want %d", message.raw, len(got), got, tt.answers)
					}
					if got[0].status != message.status {
						t.Errorf("%q: got %v, want %d (RFC %s)", message.raw, got[0], message.status, message.section)
					}
					if message.status >= 400 && got[0].String() != refusal(message.status) {
						t.Errorf("%q: got %v, want %v", message.raw, got[0], refusal(message.status))
					}
					if got[0].close != (tt.answers == 1) {
						t.Errorf("%q: the answer says closing: %t", message.raw, got[0].close)
					}
				})
			}
		}
	}
}

// TestWireUnfinished has everybody wait for their answers at the same time.
func TestWireUnfinished(t *testing.T) {
	var asked asked
	s := &server.Server{HeaderTimeout: 500 * time.Millisecond}
	s.Hurry(500 * time.Millisecond)
	running := start(t, asked.api(t), s)
	clients := make([]*client, len(wireUnfinished))
	for i, message := range wireUnfinished {
		clients[i] = running.dial()
		clients[i].send(message.raw)
	}
	for i, message := range wireUnfinished {
		t.Run(message.name, func(t *testing.T) {
			c := clients[i]
			c.t = t
			if got := c.receive("POST"); got.String() != refusal(message.status) || !got.close {
				t.Errorf("%q: got %v, closing: %t, want %v and closing", message.raw, got, got.close, refusal(message.status))
			}
			c.wantClosed()
		})
	}
	if names := asked.take(); len(names) > 0 {
		t.Errorf("%v were called", names)
	}
}

// received is an [http1.Source] of what a test has received already.
type received struct{ rest []byte }

func (r *received) Buffered() []byte { return r.rest }
func (r *received) Discard(n int)    { r.rest = r.rest[n:] }
func (r *received) Fill() error      { return io.EOF }
func (r *received) Read(p []byte) (int, error) {
	n := copy(p, r.rest)
	if r.rest = r.rest[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// next reads the next request, without the empty lines before it. It returns nil
// at the end.
func (r *received) next() (raw []byte, err error) {
	r.Discard(http1.EmptyLines(r.rest))
	all := r.rest
	if len(all) == 0 {
		return nil, nil
	}
	var head http1.Head
	size, err := head.Parse(all[:min(len(all), server.DefaultMaxHeader)])
	if size == 0 || err != nil {
		return all, cmp.Or(err, io.ErrUnexpectedEOF)
	}
	r.Discard(size)
	var body http1.Body
	body.Open(&head, r)
	_, err = io.Copy(io.Discard, &body)
	return all[:len(all)-len(r.rest)], err
}

// withoutEmptyLines is a stream without those that RFC 9112, 2.2, lets stand
// before a request line.
func withoutEmptyLines(in []byte) (out []byte) {
	for r := (&received{in}); ; {
		raw, err := r.next()
		if out = append(out, raw...); raw == nil || err != nil {
			return append(out, r.rest...)
		}
	}
}

// TestParsingAlone refuses what must be refused, without what fasthttp would
// refuse, too.
func TestParsingAlone(t *testing.T) {
	for _, message := range wireRefused {
		switch message.name {
		case "beyond the bound", "a long body", "a long chunk", "no address in brackets":
			continue // the door's, and fasthttp's
		}
		r := &received{[]byte(message.raw)}
		var raw []byte
		var err error
		for err == nil {
			if raw, err = r.next(); raw == nil {
				break
			}
		}
		if err == nil {
			t.Errorf("%s: %q was taken for a request, want an error (RFC %s)", message.class, message.raw, message.section)
		}
	}
}

// TestRequestsBeforeARefusedOneAreAnswered: what is refused came with them.
func TestRequestsBeforeARefusedOneAreAnswered(t *testing.T) {
	var asked asked
	running := start(t, asked.api(t), &server.Server{})
	for _, refused := range []string{"\n", "GET /\r\n", with + "Content-Length: x\r\n\r\n", line + " folded", chunks + "\r\n\r\n"} {
		got := fmt.Sprint(running.sendWire(t, marker+chunks+"0\r\nX: y\r\n\r\n"+refused+marker, 1<<20))
		want := "[200 {} 200 {} " + refusal(400) + "]"
		if names := asked.take(); got != want || !slices.Equal(names, []string{"marker", "echo"}) {
			t.Errorf("%q: got %v of %v, want %v", refused, got, names, want)
		}
	}
}

// TestTrailersAreDropped: a middleware would take them for header fields.
func TestTrailersAreDropped(t *testing.T) {
	api, seen := echo(), make(chan string, 2)
	api.Use("v0/echo", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			seen <- call.Header("X-User")
			return next(ctx, call)
		}
	})
	c := start(t, api, &server.Server{}).dial()
	for _, trailer := range []string{"X-User: root\r\n", "X-Other: y\r\nX-User: root\r\n"} {
		if got := c.ask(chunks + "2\r\n{}\r\n0\r\n" + trailer + "\r\n"); got.String() != "200 {}" {
			t.Errorf("got %v", got)
		}
		if user := wait(t, "the middleware", seen); user != "" {
			t.Errorf("the middleware got %q out of the trailer", user)
		}
	}
}

// wantAsked is which actions are called for a message and what follows it.
func wantAsked(message wireCase, accepted bool, answers int) []string {
	var want []string
	if accepted && message.status == 200 {
		want = append(want, "echo")
		if strings.Contains(message.raw, "/api/v0/raw/") {
			want[0] = "raw"
		}
	}
	if answers == 2 {
		want = append(want, "marker")
	}
	return want
}

// sendWire sends text, in pieces, and reads answers until the connection is
// closed, or until nothing more comes behind the one to the marker.
func (r *running) sendWire(t *testing.T, text string, piece int) (answers []answer) {
	c := r.dial()
	c.t = t
	go func() { // the server may be through before all is sent
		for part := range slices.Chunk([]byte(text), piece) {
			if _, err := c.Write(part); err != nil {
				return
			}
		}
	}()
	for {
		method, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), " ")
		got, err := c.tryReceive(method)
		switch {
		case err == nil:
			answers = append(answers, got)
		case os.IsTimeout(err):
			t.Fatalf("%q: neither an answer nor the end of the connection", text)
		default:
			return answers
		}
		if len(answers) == 2 {
			return append(answers, r.anyMore(c)...)
		}
	}
}

// anyMore reads what else comes on a connection that may stay open.
func (r *running) anyMore(c *client) (answers []answer) {
	_ = c.CloseWrite()
	for {
		got, err := c.tryReceive("POST")
		if err != nil {
			return answers
		}
		answers = append(answers, got)
	}
}
