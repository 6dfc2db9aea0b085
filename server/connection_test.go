package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// connectionAPI has an action for each thing that can be left of a request.
func connectionAPI() *apiphant.API {
	api := raw(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method) })
	api.Handle("v0/part", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 2))
	})})
	api.Handle("v0/flush", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, "flushed")
	})})
	api.Handle("v0/fail", apiphant.Actions{
		Read:   apiphant.Func(func(context.Context, apiphant.Object) (any, error) { panic("on purpose") }),
		Create: apiphant.Raw(func(http.ResponseWriter, *http.Request) { panic("on purpose") }),
	})
	return api
}

// TestConnectionAfterRequest sends requests whose body is not, or not wholly,
// read, and one more on the same connection: it is answered, or the connection
// is closed; the body is never taken for a request.
func TestConnectionAfterRequest(t *testing.T) {
	smuggled := post("/api/v0/nothing/smuggled", "") // stands in the bodies
	withBody := func(request string, body string) string {
		return fmt.Sprintf("%s HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", request, len(body), body)
	}
	chunked := func(request, body string) string {
		return fmt.Sprintf("%s HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", request, len(body), body)
	}
	large := smuggled + strings.Repeat("x", server.MaxSkippedBody)
	tests := []struct {
		name    string
		request string
		want    int
		open    bool
	}{
		{"unknown route", withBody("POST /nothing", smuggled), 404, true},
		{"unknown route, chunked", chunked("POST /nothing", smuggled), 404, true},
		{"unknown route, large", withBody("POST /nothing", large), 404, false},
		{"unknown route, large, chunked", chunked("POST /nothing", large), 404, false},
		{"wrong method", withBody("PUT /api/v0/echo/read", smuggled), 501, true},
		{"wrong method, large", withBody("PUT /api/v0/echo/read", large), 501, false},
		{"health", withBody("POST /healthz", smuggled), 200, true},
		{"health, large", withBody("POST /healthz", large), 200, false},
		{"body that is no object", post("/api/v0/echo/read", smuggled), 400, true},
		{"GET with a body", withBody("GET /api/v0/raw/read", smuggled), 200, true},
		{"raw, not read", withBody("POST /api/v0/raw/read", smuggled), 200, true},
		{"raw, not read, chunked", chunked("POST /api/v0/raw/read", smuggled), 200, true},
		{"raw, not read, large", withBody("POST /api/v0/raw/read", large), 200, false},
		{"raw, partly read", withBody("POST /api/v0/part/read", smuggled), 200, true},
		{"raw, partly read, large", withBody("POST /api/v0/part/read", large), 200, false},
		{"raw, answered before it was read", withBody("POST /api/v0/flush/read", smuggled), 200, false},
		{"raw, streaming, no body", withBody("POST /api/v0/flush/read", ""), 200, true},
		{"panic", post("/api/v0/fail/read", "{}"), 500, true},
		{"raw panic, body not read", withBody("POST /api/v0/fail/create", smuggled), 500, true},
		{"HEAD", "HEAD /api/v0/raw/read HTTP/1.1\r\nHost: test\r\n\r\n", 200, true},
		{"HEAD, streaming", "HEAD /api/v0/flush/read HTTP/1.1\r\nHost: test\r\n\r\n", 200, true},
		{"HEAD of a JSON route", "HEAD /api/v0/echo/read HTTP/1.1\r\nHost: test\r\n\r\n", 501, true},
		{"HEAD of nothing", "HEAD /nothing HTTP/1.1\r\nHost: test\r\n\r\n", 404, true},
		{"absolute form", "POST http://test/api/v0/echo/read?q HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n", 200, true},
		{"absolute form without a path", "POST http://test?/api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n", 404, true},
		{"asked to close", "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", 200, false},
		{"asked to close, in other letters", "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nConnection: x, Close\r\n\r\n", 200, false},
		{"HTTP/1.0", "POST /api/v0/echo/read HTTP/1.0\r\n\r\n", 200, false},
		{"HTTP/1.0, raw", "GET /api/v0/raw/read HTTP/1.0\r\n\r\n", 200, false},
		{"HTTP/1.0, streaming", "GET /api/v0/flush/read HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false},
		{"HTTP/1.0, kept alive", "POST /api/v0/echo/read HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, true},
	}
	running := start(t, connectionAPI(), &server.Server{})
	for _, tt := range tests {
		for _, pipelined := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/pipelined=%t", tt.name, pipelined), func(t *testing.T) {
				c := running.dial()
				c.t = t
				next := post("/api/v0/echo/read", `{"the":"next"}`)
				method, _, _ := strings.Cut(tt.request, " ")
				var got answer
				if pipelined {
					c.send(tt.request + next)
					got = c.receive(method)
				} else {
					got = c.ask(tt.request)
				}
				if got.status != tt.want || got.close == tt.open {
					t.Errorf("got %v, closing: %t, want %d and %t", got, got.close, tt.want, !tt.open)
				}
				if !tt.open {
					c.wantClosed()
					return
				}
				if !pipelined {
					c.send(next)
				}
				if got := c.receive("POST"); got.String() != `200 {"the":"next"}` {
					t.Errorf("the next request: got %v", got)
				}
			})
		}
	}
}

// TestPipelinedRequestsAreAnsweredInOrder mixes those that are answered by the
// pipeline, by raw functions at once and by raw functions that stream.
func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	api := raw(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.RawQuery)
		if strings.HasPrefix(r.URL.RawQuery, "stream") {
			w.(http.Flusher).Flush()
		}
	})
	c := start(t, api, &server.Server{}).dial()
	const n = 200
	var requests strings.Builder
	var want []string
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprint(&requests, post("/api/v0/echo/read", fmt.Sprintf(`{"i":%d}`, i)))
			want = append(want, fmt.Sprintf(`200 {"i":%d}`, i))
		case 1:
			fmt.Fprint(&requests, post(fmt.Sprintf("/api/v0/raw/read?stream%d", i), ""))
			want = append(want, fmt.Sprintf("200 stream%d", i))
		case 2:
			fmt.Fprint(&requests, post(fmt.Sprintf("/api/v0/raw/read?%d", i), "not read"))
			want = append(want, fmt.Sprintf("200 %d", i))
		default:
			fmt.Fprint(&requests, post("/nothing", "x"))
			want = append(want, refusal(404))
		}
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		c.send(requests.String())
	}()
	for i := range n {
		if got := c.receive("POST"); got.String() != want[i] {
			t.Fatalf("answer %d: got %v, want %v", i, got, want[i])
		}
	}
	wait(t, "all is sent", sent)
}

// TestHeadIsAnsweredLikeGet: the same headers, and not a byte more.
func TestHeadIsAnsweredLikeGet(t *testing.T) {
	declared := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "<b>12")
	}
	api := raw(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "<html>") })
	api.Handle("v0/declared", apiphant.Actions{Read: apiphant.Raw(declared)})
	c := start(t, api, &server.Server{}).dial()
	for _, path := range []string{"/api/v0/raw/read", "/api/v0/declared/read", "/healthz", "/nothing"} {
		request := " " + path + " HTTP/1.1\r\nHost: test\r\nX-Request-Id: same\r\n\r\n"
		get, head := c.ask("GET"+request), c.ask("HEAD"+request)
		get.header.Del("Date")
		head.header.Del("Date")
		if head.body != "" || head.status != get.status || fmt.Sprint(head.header) != fmt.Sprint(get.header) {
			t.Errorf("%s: got %v with %v, want what GET got: %v with %v", path, head, head.header, get, get.header)
		}
	}
	c.wantOpen()
}

// TestAbortBeforeAnswer: no answer at all, and the line of the access log says so.
func TestAbortBeforeAnswer(t *testing.T) {
	api := raw(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	api.Handle("v0/abort", apiphant.Actions{
		Read: apiphant.Func(func(context.Context, apiphant.Object) (any, error) { panic(http.ErrAbortHandler) }),
	})
	running := start(t, api, &server.Server{})
	for _, path := range []string{"/api/v0/raw/read", "/api/v0/abort/read"} {
		c := running.dial()
		c.send(post(path, ""))
		if got, err := c.tryReceive("POST"); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v and %v, want the end of the connection", path, got, err)
		}
	}
	if log := running.log.String(); strings.Contains(log, "error") {
		t.Errorf("the log has %s", log)
	}
	if got := strings.Count(running.access.String(), `"status":0`); got != 2 {
		t.Errorf("the access log is %s, want two lines of status 0", running.access)
	}
}
