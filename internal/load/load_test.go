package load_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

// TestTally: what a server does to a request is counted as what it is.
func TestTally(t *testing.T) {
	tests := []struct {
		name   string
		answer string // of every connection's second request; the connection is then closed
		want   string
	}{
		{"told to close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", "ok"},
		{"closed after an answer", ok, "closed"},
		{"no answer", "", "lost"},
		{"half a header", "HTTP/1.1 200 OK\r\nConte", "lost"},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", "lost"},
		{"chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "lost"},
		{"another status", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\n{}", "other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := stopAfter(t, load.Load{Address: fake(t, tt.answer), Clients: 2, Pause: 20 * time.Millisecond}, 10)
			counted := map[string]int64{"ok": got.OK, "refused": got.Refused, "lost": got.Lost, "other": got.Other, "closed": got.Closed}
			for what, count := range counted {
				if want := what == "ok" || what == tt.want; (count > 0) != want {
					t.Errorf("%s: got %s", what, got)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	running := load.Start(load.Load{Address: ln.Addr().String()})
	awaitRefused(t, running)
	if got := running.Stop(); got.Failed() != got.Refused || got.OK > 0 || !strings.Contains(got.String(), "connection refused") {
		t.Errorf("got %s, want only refused", got)
	}
}

// awaitRefused returns when a request was refused, or after 10 s.
func awaitRefused(t *testing.T, running *load.Running) {
	t.Helper()
	ticker, deadline := time.NewTicker(time.Millisecond), time.After(10*time.Second)
	defer ticker.Stop()
	for running.Tally().Refused == 0 {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Error("nothing was refused within 10 s")
			return
		}
	}
}

func TestPerConnection(t *testing.T) {
	if got := stopAfter(t, load.Load{Address: fake(t, ""), PerConnection: 1}, 10); got.Failed() > 0 {
		t.Errorf("got %s: the second request of a connection, which there must not be, is lost", got)
	}
}

func stopAfter(t *testing.T, l load.Load, n int64) load.Tally {
	t.Helper()
	running := load.Start(l)
	defer running.Stop()
	if err := running.Await(t.Context(), n); err != nil {
		t.Error(err)
	}
	return running.Stop()
}

// fake is a server that answers each connection's first request, its second
// with those bytes, and closes it then.
func fake(t *testing.T, second string) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for _, answer := range []string{ok, second} {
					request, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					fmt.Fprint(conn, answer)
				}
			}()
		}
	}()
	return ln.Addr().String()
}
