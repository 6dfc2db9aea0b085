package openloop_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/bench/internal/openloop"
)

const (
	request = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}"
	answer  = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
)

// serve answers with what answer gives, "" being to go silent.
func serve(t *testing.T, answer func() string) (address string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					if _, err := io.WriteString(c, answer()); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

func load(address string) openloop.Load {
	return openloop.Load{Address: address, Request: request, Connections: 4, Rate: 1000, Duration: time.Second}
}

// TestStall: a server that stands still once for 300 ms made all wait that came
// in the meantime, some 300 of 1,000, though only its four connections had a
// request under way. Who asks only when there is an answer sees four.
func TestStall(t *testing.T) {
	const stall = 300 * time.Millisecond
	var mu sync.Mutex
	var served atomic.Int64
	address := serve(t, func() string {
		mu.Lock()
		defer mu.Unlock()
		if served.Add(1) == 300 {
			time.Sleep(stall) // the server stalls: it is the time that is measured
		}
		return answer
	})
	got, err := load(address).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Took) != 1000 || got.Unanswered != 0 {
		t.Errorf("got %d requests, %d unanswered, want 1000 and 0", len(got.Took), got.Unanswered)
	}
	slow := 0
	for _, took := range got.Took {
		if took >= stall/2 {
			slow++
		}
	}
	if slow < 140 {
		t.Errorf("got %d requests that took half of the stall, want those of its first half: some 150", slow)
	}
	if p99 := openloop.Quantile(got.Took, 0.99); p99 < stall/2 {
		t.Errorf("got a p99 of %s, with a stall of %s", p99, stall)
	}
}

// TestSilent: what has no answer counts, with the time that it was waited for.
func TestSilent(t *testing.T) {
	var served atomic.Int64
	address := serve(t, func() string {
		if served.Add(1) > 500 {
			return ""
		}
		return answer
	})
	l := load(address)
	l.Grace = 50 * time.Millisecond
	got, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Took) != 1000 || got.Unanswered < 400 {
		t.Errorf("got %d requests, %d unanswered, want 1000, and 500", len(got.Took), got.Unanswered)
	}
	if longest := openloop.Quantile(got.Took, 1); longest < 400*time.Millisecond {
		t.Errorf("got %s for the longest, want what it was waited for", longest)
	}
}

// TestAdjust: what was due before stays due, and the rest follows the new rate.
func TestAdjust(t *testing.T) {
	l := load(serve(t, func() string { return answer }))
	asked := 0
	l.Adjust, l.AdjustEvery = func(rate float64) float64 {
		asked++
		return 3 * rate
	}, 600*time.Millisecond
	got, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.Took); asked != 1 || n < 1795 || n > 1805 || got.Rate != float64(n) {
		t.Errorf("asked %d times, got %d requests at %.0f/s, want 600 of the first 600 ms and 1,200 of the others", asked, n, got.Rate)
	}
}

// TestAnswers: only whole answers of the right kind count.
func TestAnswers(t *testing.T) {
	tests := []struct {
		name, answer, want string // "": right
	}{
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", ""},
		{"a lower case name", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", ""},
		{"another status", "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", "503 Busy"},
		{"too long", answer + "{}", "more came"},
		{"no length", "HTTP/1.1 200 OK\r\n\r\n{}", "without a length"},
	}
	for _, tt := range tests {
		l := load(serve(t, func() string { return tt.answer }))
		l.Duration = 20 * time.Millisecond
		got, err := l.Run(t.Context())
		switch {
		case tt.want == "" && (err != nil || len(got.Took) != 20 || got.Unanswered > 0):
			t.Errorf("%s: got %d answers, %v", tt.name, len(got.Took), err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}
