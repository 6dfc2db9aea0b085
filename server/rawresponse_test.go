package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

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
	if log := running.log.String(); !strings.Contains(log, "Call.Answer after the function's own answer had started") {
		t.Errorf("the log does not tell: %s", log)
	}
}
