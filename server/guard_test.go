package server_test

import (
	"context"
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
