package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

type row struct {
	N   int    `json:"n"`
	Pad string `json:"pad,omitempty"`
}

// rows serves a function that returns a sequence, at /api/v0/rows/read.
func rows(f func(ctx context.Context, yield func(row, error) bool)) *apiphant.API {
	api := echo()
	api.Handle("v0/rows", apiphant.Actions{Read: apiphant.Stream(func(ctx context.Context, _ apiphant.Object) iter.Seq2[row, error] {
		return func(yield func(row, error) bool) { f(ctx, yield) }
	})})
	return api
}

const getRows = "GET /api/v0/rows/read HTTP/1.1\r\nHost: test\r\nX-Request-Id: rows\r\n"

// begin sends a request and returns the answer, whose first line has come.
func (c *client) begin(request, firstLine string) (rest *bufio.Reader) {
	c.t.Helper()
	c.send(request)
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { answer.Body.Close() })
	rest = bufio.NewReader(answer.Body)
	if line, err := rest.ReadString('\n'); err != nil || line != firstLine+"\n" {
		c.t.Fatalf("got %q and %v, want %s", line, err, firstLine)
	}
	return rest
}

// TestRowsAreCounted: in the access log, also those of an answer that is broken off,
// and the open streams in the metrics.
func TestRowsAreCounted(t *testing.T) {
	goOn := make(chan error)
	api := rows(func(_ context.Context, yield func(row, error) bool) {
		yield(row{N: 1}, nil)
		if err := <-goOn; err != nil {
			yield(row{}, err)
			return
		}
		yield(row{N: 2}, nil)
	})
	metrics := server.NewMetrics(api)
	running := start(t, api, &server.Server{Metrics: metrics})
	c := running.dial()
	streams := func(want string) {
		t.Helper()
		if difference := cmp.Diff([]string{"apiphant_streams " + want}, scrape(t, metrics, "^apiphant_streams")); difference != "" {
			t.Error(difference)
		}
	}
	streams("0")
	rest := c.begin(getRows+"\r\n", `{"n":1}`)
	streams("1")
	goOn <- nil
	if got, err := io.ReadAll(rest); err != nil || string(got) != "{\"n\":2}\n" {
		t.Errorf("got %q and %v", got, err)
	}
	c.wantOpen()
	rest = c.begin(getRows+"\r\n", `{"n":1}`)
	goOn <- errors.New("on purpose")
	if got, err := io.ReadAll(rest); err == nil || string(got) != "{\"error\":\"500 Internal Server Error\"}\n" {
		t.Errorf("got %q and %v, want it to be broken off", got, err)
	}
	c.wantClosed()
	streams("0")
	var got []string
	for line := range strings.Lines(running.access.String()) {
		_, fields, _ := strings.Cut(line, `"bytes":`)
		bytes, _, _ := strings.Cut(fields, ",")
		_, fields, found := strings.Cut(line, `"rows":`)
		count, _, _ := strings.Cut(fields, ",")
		if got = append(got, bytes+" bytes"); found {
			got = append(got, count+" rows")
		}
	}
	if difference := cmp.Diff([]string{"16 bytes", "2 rows", "16 bytes", "46 bytes", "1 rows"}, got); difference != "" {
		t.Errorf("%s\n%s", difference, running.access)
	}
}

// TestDrainEndsStreams: those who stream hear of the drain when its window ends, and
// none holds it up; who writes an answer and has not flushed it may end as usual.
func TestDrainEndsStreams(t *testing.T) {
	const last = "{\"error\":\"503 Service Unavailable\"}\n"
	causes, computes, release := make(chan error, 10), make(chan context.Context, 1), make(chan struct{})
	quiet := make(chan struct{})
	api := rows(func(ctx context.Context, yield func(row, error) bool) {
		yield(row{N: 1}, nil)
		<-ctx.Done()
		causes <- context.Cause(ctx)
		yield(row{N: 2}, nil)
	})
	api.Handle("v0/quiet", apiphant.Actions{Read: apiphant.Stream(func(ctx context.Context, _ apiphant.Object) iter.Seq2[row, error] {
		return func(func(row, error) bool) {
			close(quiet)
			<-ctx.Done()
			causes <- context.Cause(ctx)
		}
	})})
	api.Handle("v0/raw", apiphant.Actions{
		Read: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "begin\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			causes <- context.Cause(r.Context())
			_, _ = io.WriteString(w, "end well\n")
		}),
		Create: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			computes <- r.Context()
			<-release
			_, _ = io.WriteString(w, "computed\n")
		}),
	})
	running := start(t, api, &server.Server{Drain: time.Hour})
	lines := running.dial().begin(getRows+"\r\n", `{"n":1}`)
	events := running.dial().begin(getRows+"Accept: text/event-stream\r\n\r\n", `data: {"n":1}`)
	flushed := running.dial().begin("GET /api/v0/raw/read HTTP/1.1\r\nHost: test\r\n\r\n", "begin")
	silent := running.dial()
	silent.send(post("/api/v0/quiet/read", ""))
	wait(t, "a stream without a row runs", quiet)
	computing := running.dial()
	computing.send("GET /api/v0/raw/create HTTP/1.1\r\nHost: test\r\n\r\n")
	computed := wait(t, "the function runs", computes)
	running.end()
	for range 4 {
		if cause := wait(t, "a stream hears of the drain", causes); !errors.Is(cause, apiphant.ErrDraining) {
			t.Errorf("the cause is %v", cause)
		}
	}
	for _, tt := range []struct {
		name, want string
		got        *bufio.Reader
		whole      bool
	}{
		{"lines", "{\"n\":2}\n" + last, lines, false},
		{"events", "\ndata: {\"n\":2}\n\nevent: error\ndata: " + last + "\nretry: 0\n\n", events, false},
		{"a raw function", "end well\n", flushed, true},
	} {
		if got, err := io.ReadAll(tt.got); string(got) != tt.want || (err == nil) != tt.whole {
			t.Errorf("%s: got %q and %v, want %q, whole: %t", tt.name, got, err, tt.want, tt.whole)
		}
	}
	if got := silent.receive("POST"); got.status != 503 {
		t.Errorf("a stream without a row: got %v", got)
	}
	if computed.Err() != nil {
		t.Errorf("the context of a function that does not stream ended with %v", context.Cause(computed))
	}
	close(release)
	if got := computing.receive("GET"); got.body != "computed\n" {
		t.Errorf("got %v", got)
	}
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil // for the end of the test
	if strings.Contains(running.log.String(), `"level":"error"`) {
		t.Errorf("a drain is logged as an error:\n%s", running.log)
	}
}

// TestSlowReaderSlowsTheFunction: rows are not collected for a client that does not
// read, and one that reads nothing for long is given up.
func TestSlowReaderSlowsTheFunction(t *testing.T) {
	const most = 64 << 20 // for the system's buffers
	var sent atomic.Int64
	ended := make(chan error, 1)
	s := &server.Server{}
	s.Hurry(100 * time.Millisecond)
	c := start(t, rows(func(ctx context.Context, yield func(row, error) bool) {
		pad := strings.Repeat("x", 64<<10)
		for yield(row{Pad: pad}, nil) && sent.Add(int64(len(pad))) < most {
		}
		<-ctx.Done()
		ended <- context.Cause(ctx)
	}), s).dial()
	c.send(getRows + "\r\n")
	if cause := wait(t, "the function ends", ended); !errors.Is(cause, apiphant.ErrClientGone) {
		t.Errorf("the cause is %v", cause)
	}
	if sent.Load() >= most {
		t.Errorf("the function has sent %d bytes to a client that does not read", sent.Load())
	}
}

// TestStreamOfALostGoroutine: it has a last line, and the connection is closed.
func TestStreamOfALostGoroutine(t *testing.T) {
	c := start(t, rows(func(_ context.Context, yield func(row, error) bool) {
		yield(row{N: 1}, nil)
		runtime.Goexit()
	}), &server.Server{}).dial()
	rest := c.begin(getRows+"\r\n", `{"n":1}`)
	if got, err := io.ReadAll(rest); err == nil || string(got) != "{\"error\":\"500 Internal Server Error\"}\n" {
		t.Errorf("got %q and %v, want it to be broken off", got, err)
	}
	c.wantClosed()
}

// TestStreamToHTTP10: the end of the connection is the end of the rows, and a reset
// where they are not whole.
func TestStreamToHTTP10(t *testing.T) {
	for _, fails := range []bool{false, true} {
		c := start(t, rows(func(_ context.Context, yield func(row, error) bool) {
			yield(row{N: 1}, nil)
			if fails {
				yield(row{}, errors.New("on purpose"))
			}
		}), &server.Server{}).dial()
		rest := c.begin("POST /api/v0/rows/read HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", `{"n":1}`)
		if got, err := io.ReadAll(rest); (err != nil) != fails || !fails && len(got) > 0 {
			t.Errorf("fails: %t; got %q and %v", fails, got, err)
		}
	}
}
