package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
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
			for _, pieces := range []int{1 << 20, 1} {
				if len(message.raw) > 1000 && pieces == 1 {
					continue // the sender's time, not the server's
				}
				t.Run(tt.name+"/"+message.class+"/"+message.name, func(t *testing.T) {
					got := running.sendWire(t, message.raw+tt.next, pieces)
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
	s := &server.Server{HeaderTimeout: 300 * time.Millisecond}
	s.Hurry(300 * time.Millisecond)
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

// repeated is a connection on which the same comes at each read, for ever.
type repeated struct {
	net.Conn
	text []byte
}

func (r *repeated) Read(p []byte) (int, error) { return copy(p, r.text), nil }

// guarded are requests of the sizes that come.
var guarded = []struct{ name, text string }{
	{"small", post("/api/v0/echo/read", `{"hello":"world"}`)},
	{"browser", line + "Host: api.example.com:8443\r\nConnection: keep-alive\r\nContent-Length: 2\r\n" +
		"sec-ch-ua-platform: \"Linux\"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36\r\n" +
		"sec-ch-ua: \"Chromium\";v=\"143\", \"Not A(Brand\";v=\"24\"\r\nContent-Type: application/json\r\nsec-ch-ua-mobile: ?0\r\nAccept: */*\r\n" +
		"Origin: https://www.example.com\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://www.example.com/\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n\r\n{}"},
	{"chunked", chunks + "11\r\n" + `{"hello":"world"}` + "\r\n" + last},
	{"trailer", chunks + "2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n"},
}

// TestGuardOfEveryByte puts each byte at each place of a value, a name and a
// target.
func TestGuardOfEveryByte(t *testing.T) {
	tests := []struct {
		name    string
		message string
		allowed func(c byte) bool
	}{
		{"value", with + "X: %s\r\n\r\n", func(c byte) bool { return c == '\t' || c >= ' ' && c != 0x7f }},
		{"name", with + "X%s: y\r\n\r\n", func(c byte) bool { // RFC 9110, 5.6.2
			return strings.IndexByte("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c) >= 0
		}},
		{"target", "POST /%s HTTP/1.1\r\nHost: test\r\n\r\n", func(c byte) bool { return c > ' ' && c < 0x7f && c != '#' }},
	}
	p := make([]byte, server.DefaultMaxHeader)
	for _, tt := range tests {
		for c := range 256 {
			for place := range 20 {
				filled := []byte(strings.Repeat("x", 20))
				filled[place] = byte(c)
				message := strings.Replace(tt.message, "%s", string(filled), 1)
				n, err := server.Guarded(&repeated{text: []byte(message)}).Read(p)
				if err != nil {
					t.Fatal(err)
				}
				got, want := n == len(message), tt.allowed(byte(c)) || tt.name == "name" && c == ':'
				if got != want {
					t.Errorf("%s: %q passed on: %t, want %t", tt.name, filled, got, want)
				}
			}
		}
	}
}

func TestGuardAllocatesNothing(t *testing.T) {
	p := make([]byte, server.DefaultMaxHeader)
	for _, request := range guarded {
		c := server.Guarded(&repeated{text: []byte(request.text)})
		allocations := testing.AllocsPerRun(1000, func() {
			if _, err := c.Read(p); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("%s: got %v allocations for each request, want none", request.name, allocations)
		}
	}
}

// BenchmarkGuard is what the guard adds to a request that comes in one piece;
// "unguarded" is what the test itself takes.
func BenchmarkGuard(b *testing.B) {
	p := make([]byte, server.DefaultMaxHeader)
	bench := func(name string, c net.Conn, size int) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := c.Read(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, request := range guarded {
		unguarded := &repeated{text: []byte(request.text)}
		bench(request.name, server.Guarded(unguarded), len(request.text))
		bench(request.name+"/unguarded", unguarded, len(request.text))
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
func (r *running) sendWire(t *testing.T, text string, pieces int) (answers []answer) {
	c := r.dial()
	c.t = t
	go func() { // the server may be through before all is sent
		for piece := range slices.Chunk([]byte(text), pieces) {
			if _, err := c.Write(piece); err != nil {
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
