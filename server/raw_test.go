package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

const rawHead = "POST /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: id\r\n"

// TestUpload streams more than the server could hold, and counts what it holds.
func TestUpload(t *testing.T) {
	const size = 128 << 20
	const bound = 16 << 20
	for _, chunked := range []bool{false, true} {
		t.Run(fmt.Sprintf("chunked=%t", chunked), func(t *testing.T) {
			c := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
				n, err := io.Copy(io.Discard, r.Body)
				fmt.Fprintln(w, n, err)
			}), &server.Server{}).dial()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			go func() {
				part := bytes.Repeat([]byte("x"), 1<<20)
				if chunked {
					part = fmt.Appendf(nil, "%x\r\n%s\r\n", len(part), part)
					c.send(rawHead + "Transfer-Encoding: chunked\r\n\r\n")
				} else {
					c.send(rawHead + fmt.Sprintf("Content-Length: %d\r\n\r\n", size))
				}
				for range size >> 20 {
					if _, err := c.Write(part); err != nil {
						t.Error(err)
					}
				}
				if chunked {
					c.send("0\r\n\r\n")
				}
			}()
			got := c.receive("POST")
			runtime.ReadMemStats(&after)
			if want := fmt.Sprintf("%d <nil>\n", size); got.body != want {
				t.Errorf("got %q, want %q", got.body, want)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > bound {
				t.Errorf("%d bytes were allocated, want at most %d", grown, bound)
			}
			c.wantOpen()
		})
	}
}

// TestUploadBeyondBound: the function's read fails with what net/http has for
// it, and returning that is a 413.
func TestUploadBeyondBound(t *testing.T) {
	found := make(chan error, 2)
	api := echo()
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.RawRequest(func(_ context.Context, r *http.Request) (any, error) {
		_, err := io.Copy(io.Discard, r.Body)
		found <- err
		return nil, fmt.Errorf("reading: %w", err)
	})})
	c := start(t, api, &server.Server{MaxUpload: 1000}).dial()
	got := c.ask(rawHead + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + strings.Repeat("x", 1001) + "\r\n0\r\n\r\n")
	if got.String() != refusal(413) {
		t.Errorf("got %v, want %v", got, refusal(413))
	}
	var large *http.MaxBytesError
	if err := wait(t, "the function reads", found); !errors.As(err, &large) || large.Limit != 1000 {
		t.Errorf("got %v, want an http.MaxBytesError of 1000", err)
	}
	c.wantClosed()
}

// TestDuplex reads the request while it streams the answer.
func TestDuplex(t *testing.T) {
	const rounds = 100
	c := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
		var group sync.WaitGroup
		defer group.Wait()
		lines := make(chan string)
		group.Go(func() { // reads and writes in goroutines of their own
			defer close(lines)
			for in := bufio.NewScanner(r.Body); in.Scan(); {
				lines <- in.Text()
			}
		})
		w.(http.Flusher).Flush()
		for line := range lines {
			fmt.Fprintln(w, strings.ToUpper(line))
			w.(http.Flusher).Flush()
		}
	}), &server.Server{}).dial()
	c.send(rawHead + "Transfer-Encoding: chunked\r\n\r\n")
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(r.Body)
	for range rounds {
		c.send("6\r\nhello\n\r\n")
		if line, err := in.ReadString('\n'); line != "HELLO\n" {
			t.Fatalf("got %q and %v", line, err)
		}
	}
	c.send("0\r\n\r\n")
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
		t.Errorf("got %q and %v, want the end", rest, err)
	}
	c.wantClosed()
}

// TestClientGoesAway in the middle of an answer: the function's context ends.
func TestClientGoesAway(t *testing.T) {
	ended, failed := make(chan error, 1), make(chan error, 1)
	c := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				failed <- err
				<-r.Context().Done()
				ended <- r.Context().Err()
				return
			}
		}
	}), &server.Server{}).dial()
	c.send(rawHead + "\r\n")
	if _, err := c.in.ReadByte(); err != nil {
		t.Fatal(err)
	}
	c.Close()
	wait(t, "the function's Write fails", failed)
	if err := wait(t, "the function's context ends", ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestKeptAfterCall uses everything that a raw function was given, while the
// next requests of the connection are served; run it under the race detector.
func TestKeptAfterCall(t *testing.T) {
	type given struct {
		w http.ResponseWriter
		r *http.Request
	}
	kept := make(chan given, 1)
	first := true
	c := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			kept <- given{w, r}
			_, _ = r.Body.Read(make([]byte, 1))
		}
	}), &server.Server{}).dial()
	c.ask(rawHead + "Content-Length: 3\r\n\r\nabc")
	late := wait(t, "the first call", kept)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			if n, err := late.w.Write([]byte("late")); n > 0 || err == nil {
				t.Errorf("Write: got %d and %v, want an error", n, err)
			}
			if n, err := late.r.Body.Read(make([]byte, 8)); n > 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Errorf("Read: got %d and %v, want %v", n, err, http.ErrBodyReadAfterClose)
			}
			late.w.Header().Set("X-Late", "yes")
			late.w.WriteHeader(500)
			if err := http.NewResponseController(late.w).Flush(); err == nil {
				t.Error("Flush: got nil, want an error")
			}
			_ = late.r.Body.Close()
		}
	}()
	for range 100 {
		if got := c.ask(post("/api/v0/raw/read", "next")); got.String() != "200 " || got.header.Get("X-Late") != "" {
			t.Errorf("got %v with %v", got, got.header)
		}
	}
	wait(t, "the late goroutine", done)
}

// TestRawCallsTakeTurns on goroutines whose stacks have grown.
func TestRawCallsTakeTurns(t *testing.T) {
	c := start(t, raw(func(w http.ResponseWriter, _ *http.Request) {
		goroutine, _, _ := strings.Cut(string(debug.Stack()), " [")
		fmt.Fprint(w, goroutine)
	}), &server.Server{}).dial()
	const calls = 100
	goroutines := map[string]bool{}
	for range calls {
		goroutines[c.ask(post("/api/v0/raw/read", "")).body] = true
	}
	if len(goroutines) > calls/2 { // one, but for those calls that came before it waited
		t.Errorf("%d calls took %d goroutines", calls, len(goroutines))
	}
}

// TestEndOfDrainBreaksOffHTTP10: that an answer which ends with its connection is
// not whole, nothing but a reset can tell.
func TestEndOfDrainBreaksOffHTTP10(t *testing.T) {
	release := make(chan struct{})
	s := &server.Server{DrainWindow: -1, Drain: 20 * time.Millisecond}
	s.Hurry(20 * time.Millisecond)
	running := start(t, raw(func(w http.ResponseWriter, _ *http.Request) {
		sendSome(w)
		<-release
	}), s)
	c := running.dial()
	c.send("GET /api/v0/raw/read HTTP/1.0\r\n\r\n")
	var got []byte
	for !bytes.HasSuffix(got, []byte("\r\n\r\nsome")) { // then nothing is left to send
		b, err := c.in.ReadByte()
		if err != nil {
			t.Fatalf("%v, after %q", err, got)
		}
		got = append(got, b)
	}
	running.end()
	if rest, err := io.ReadAll(c.in); err == nil {
		t.Errorf("the answer looks whole, with %q behind it", rest)
	}
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
	close(release)
}
