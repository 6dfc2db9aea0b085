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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

const rawHead = "POST /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: id\r\n"

// TestRawAnswer compares what a function writes with what arrives. Where broken
// is set, the answer must not look whole.
func TestRawAnswer(t *testing.T) {
	write := func(w io.Writer, n int) {
		for range n / 1000 {
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1000))
		}
	}
	tests := []struct {
		name   string
		f      func(w http.ResponseWriter)
		status int
		header http.Header // among others
		body   string
		broken bool
	}{
		{name: "nothing", f: func(http.ResponseWriter) {}, status: 200, header: http.Header{"Content-Length": {"0"}}},
		{name: "text", f: func(w http.ResponseWriter) { _, _ = io.WriteString(w, "hello") },
			status: 200, header: http.Header{"Content-Length": {"5"}, "Content-Type": {"text/plain; charset=utf-8"}}, body: "hello"},
		{name: "status", f: func(w http.ResponseWriter) { w.WriteHeader(418) }, status: 418},
		{name: "first status wins", f: func(w http.ResponseWriter) { w.WriteHeader(201); w.WriteHeader(500) }, status: 201},
		{name: "informational status", f: func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(201) }, status: 201},
		{name: "status that is none", f: func(w http.ResponseWriter) { w.WriteHeader(42) }, status: 500, body: `{"error":"500 Internal Server Error"}`},
		{name: "content type that is set", f: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "image/x")
			_, _ = io.WriteString(w, "<html>")
		}, status: 200, header: http.Header{"Content-Type": {"image/x"}}, body: "<html>"},
		{name: "content type that is to be left out", f: func(w http.ResponseWriter) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "<html>")
		}, status: 200, header: http.Header{"Content-Type": nil}, body: "<html>"},
		{name: "content type of a stream", f: func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, "<html>"+strings.Repeat(" ", server.MaxBuffered))
		},
			status: 200, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: "<html>" + strings.Repeat(" ", server.MaxBuffered)},
		{name: "several headers", f: func(w http.ResponseWriter) {
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "a=2; Path=/")
			w.Header().Add("X-Many", "1")
			w.Header().Add("X-Many", "2")
			w.Header().Set("X-Lines", "a\r\nX-Injected: yes")
		}, status: 200, header: http.Header{"Set-Cookie": {"a=1", "a=2; Path=/"}, "X-Many": {"1", "2"}, "X-Injected": nil}},
		{name: "header after the status", f: func(w http.ResponseWriter) {
			w.(http.Flusher).Flush()
			w.Header().Set("X-Late", "yes")
		}, status: 200, header: http.Header{"X-Late": nil, "X-Request-Id": {"id"}}},
		{name: "204", f: func(w http.ResponseWriter) {
			w.WriteHeader(204)
			_, err := io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			if !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		}, status: 204, header: http.Header{"Content-Length": nil, "Transfer-Encoding": nil, "Content-Type": nil}},
		{name: "304", f: func(w http.ResponseWriter) {
			w.Header().Set("Etag", `"x"`)
			w.WriteHeader(304)
		}, status: 304, header: http.Header{"Etag": {`"x"`}}},
		{name: "just what is buffered", f: func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, server.MaxBuffered)) },
			status: 200, header: http.Header{"Content-Length": {fmt.Sprint(server.MaxBuffered)}}, body: string(make([]byte, server.MaxBuffered))},
		{name: "a byte more", f: func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, server.MaxBuffered+1)) },
			status: 200, header: http.Header{"Content-Length": nil}, body: string(make([]byte, server.MaxBuffered+1))},
		{name: "many writes", f: func(w http.ResponseWriter) { write(w, 1_000_000) },
			status: 200, body: strings.Repeat("x", 1_000_000)},
		{name: "declared length", f: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000000")
			write(w, 1_000_000)
		}, status: 200, header: http.Header{"Content-Length": {"1000000"}}, body: strings.Repeat("x", 1_000_000)},
		{name: "declared length exceeded", f: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "3")
			if _, err := io.WriteString(w, "1234"); !errors.Is(err, http.ErrContentLength) {
				panic(err)
			}
			_, _ = io.WriteString(w, "123")
		}, status: 200, header: http.Header{"Content-Length": {"3"}}, body: "123"},
		{name: "declared length exceeded by a stream", f: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "50000")
			write(w, 60_000)
		}, status: 200, body: strings.Repeat("x", 50_000)},
		{name: "declared length not reached", f: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "4")
			_, _ = io.WriteString(w, "123")
		}, broken: true},
		{name: "declared length not reached by a stream", f: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "60000")
			write(w, 50_000)
		}, broken: true},
		{name: "panic", f: func(http.ResponseWriter) { panic("on purpose") }, status: 500, body: `{"error":"500 Internal Server Error"}`},
		{name: "panic after a few bytes", f: func(w http.ResponseWriter) {
			w.Header().Set("X-Left", "yes")
			_, _ = io.WriteString(w, "123")
			panic("on purpose")
		}, status: 500, header: http.Header{"X-Left": nil}, body: `{"error":"500 Internal Server Error"}`},
		{name: "panic after Flush", f: func(w http.ResponseWriter) {
			w.(http.Flusher).Flush()
			panic("on purpose")
		}, broken: true},
		{name: "panic in a stream", f: func(w http.ResponseWriter) {
			write(w, 100_000)
			panic("on purpose")
		}, broken: true},
		{name: "panic in a stream of declared length", f: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100001")
			write(w, 100_000)
			panic("on purpose")
		}, broken: true},
		{name: "abort in a stream", f: func(w http.ResponseWriter) {
			write(w, 100_000)
			panic(http.ErrAbortHandler)
		}, broken: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, raw(func(w http.ResponseWriter, _ *http.Request) { tt.f(w) }), &server.Server{}).dial()
			c.send(rawHead + "\r\n")
			got, err := c.tryReceive("POST")
			if tt.broken {
				if err == nil {
					t.Errorf("got %d and %d bytes that look whole", got.status, len(got.body))
				}
				c.wantClosed()
				return
			}
			if err != nil || got.status != tt.status || got.body != tt.body {
				t.Fatalf("got %d, %d bytes %.40q, %v, want %d, %d bytes %.40q", got.status, len(got.body), got.body, err, tt.status, len(tt.body), tt.body)
			}
			for name, want := range tt.header {
				if value := got.header[name]; strings.Join(value, "|") != strings.Join(want, "|") {
					t.Errorf("%s: got %q, want %q", name, value, want)
				}
			}
			c.wantOpen()
		})
	}
}

// TestRawAnswerToHTTP10: an answer of unknown length ends with the connection;
// one that failed is reset, since nothing else can tell.
func TestRawAnswerToHTTP10(t *testing.T) {
	fail := false
	running := start(t, raw(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", server.MaxBuffered))
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, "end")
		if fail {
			panic("on purpose")
		}
	}), &server.Server{})
	for _, fail = range []bool{false, true} {
		c := running.dial()
		c.send("GET /api/v0/raw/read HTTP/1.0\r\n\r\n")
		text, err := io.ReadAll(c.in)
		if fail {
			if err == nil {
				t.Errorf("the answer of a function that failed looks whole: %d bytes", len(text))
			}
			continue
		}
		head, body, _ := strings.Cut(string(text), "\r\n\r\n")
		if strings.Contains(head, "Transfer-Encoding") || !strings.Contains(head, "Connection: close") || body != strings.Repeat("x", server.MaxBuffered)+"end" {
			t.Errorf("got %s\n and %d bytes, %v", head, len(body), err)
		}
	}
}

// TestFlush: what was written arrives while the function still runs.
func TestFlush(t *testing.T) {
	for _, length := range []string{"", "8"} {
		t.Run("Content-Length="+length, func(t *testing.T) {
			goOn := make(chan struct{})
			c := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				control := http.NewResponseController(w)
				_ = control.Flush() // the headers
				for _, part := range []string{"1234", "5678"} {
					<-goOn
					_, _ = io.WriteString(w, part)
					_ = control.Flush()
				}
				<-goOn
			}), &server.Server{}).dial()
			c.send(rawHead + "\r\n")
			r, err := http.ReadResponse(c.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"1234", "5678"} {
				goOn <- struct{}{}
				got := make([]byte, 4)
				if _, err := io.ReadFull(r.Body, got); err != nil || string(got) != want {
					t.Fatalf("got %q and %v, want %q", got, err, want)
				}
			}
			close(goOn)
			if rest, err := io.ReadAll(r.Body); err != nil || len(rest) > 0 {
				t.Errorf("got %q and %v, want the end", rest, err)
			}
			c.wantOpen()
		})
	}
}

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

// TestStreamOutlivesFunction: a goroutine goes on writing when its function has
// panicked; the caller must not take what came for the whole.
func TestStreamOutlivesFunction(t *testing.T) {
	for range 50 {
		stopped := make(chan struct{})
		running := start(t, raw(func(w http.ResponseWriter, _ *http.Request) {
			go func() {
				defer close(stopped)
				for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
					if _, err := w.Write(make([]byte, 1000)); err != nil {
						return
					}
				}
			}()
			runtime.Gosched()
			panic("on purpose")
		}), &server.Server{})
		c := running.dial()
		c.send(rawHead + "\r\n")
		if got, err := c.tryReceive("POST"); err == nil && got.String() != refusal(500) {
			t.Fatalf("got %d and %d bytes that look whole", got.status, len(got.body))
		}
		wait(t, "the goroutine ends", stopped)
		running.end()
		wait(t, "Serve ends", running.ended)
		running.ended <- nil // for the end of the test
	}
}

// TestAnswerAfterStream: a middleware answers in place of a function that has
// begun to: the connection breaks off, and nothing waits.
func TestAnswerAfterStream(t *testing.T) {
	api := raw(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begun")
		w.(http.Flusher).Flush()
	})
	api.Use("v0/raw", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			_ = next(ctx, call)
			call.SetHeader("X-Late", "yes")
			return call.Answer(map[string]any{"from": "middleware"})
		}
	})
	running := start(t, api, &server.Server{})
	c := running.dial()
	c.send(rawHead + "\r\n")
	if got, err := c.tryReceive("POST"); err == nil {
		t.Errorf("got %v that looks whole", got)
	}
	c.wantClosed()
	if !strings.Contains(running.log.String()+running.access.String(), "access") {
		t.Error("the request is not in the access log")
	}
}
