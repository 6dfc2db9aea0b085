package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

func refusal(status int) string {
	return fmt.Sprintf(`%d {"error":"%d %s"}`, status, status, http.StatusText(status))
}

// TestBounds sends what is beyond a bound and reads its answer; the function
// must never see it.
func TestBounds(t *testing.T) {
	const maxBody = 10_000
	var (
		head     = "POST /api/v0/count/read HTTP/1.1\r\nHost: test\r\n"
		length   = func(n int) string { return head + fmt.Sprintf("Content-Length: %d\r\n", n) }
		chunk    = func(n int) string { return fmt.Sprintf("%x\r\n%s\r\n", n, strings.Repeat(" ", n)) }
		large    = strings.Repeat(" ", maxBody+1)
		withNone = func(path, header string) string {
			return "POST " + path + " HTTP/1.1\r\nHost: test\r\n" + header + "\r\n"
		}
	)
	tests := []struct {
		name    string
		request string
		want    string
	}{
		{"body declared too large, nothing of it sent", length(maxBody+1) + "\r\n", refusal(413)},
		{"body declared far too large", length(1<<40) + "\r\n", refusal(413)},
		{"body declared too large, sent whole", length(maxBody+1) + "\r\n" + large, refusal(413)},
		{"body declared too large, and a request after it", length(maxBody+1) + "\r\n" + large + post("/api/v0/count/read", ""), refusal(413)},
		{"body declared too large, the client asks first", length(maxBody+1) + "Expect: 100-continue\r\n\r\n", refusal(413)},
		{"the same in HTTP/1.0", strings.Replace(length(maxBody+1), "HTTP/1.1", "HTTP/1.0", 1) + "Expect: 100-continue\r\n\r\n", refusal(413)},
		{"raw request declared too large, the client asks first", withNone("/api/v0/raw/read", "Content-Length: 100001\r\nExpect: 100-continue\r\n"), refusal(413)},
		{"chunks that become too many", head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(maxBody) + chunk(1), refusal(413)},
		{"one chunk too large", head + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n", 1<<40) + large, refusal(413)},
		{"large body for nobody, nothing of it sent", withNone("/api/v0/nothing/read", "Content-Length: 100000\r\n"), refusal(404)},
		{"large body for nobody, the client asks first", withNone("/api/v0/nothing/read", "Content-Length: 10\r\nExpect: 100-continue\r\n"), refusal(404)},
		{"header block too large", head + "X: " + strings.Repeat("x", 8<<10), refusal(431)},
		{"header lines too many", head + strings.Repeat("X: x\r\n", 2<<10), refusal(431)},
		{"request line too long", "POST /" + strings.Repeat("x", 8<<10), refusal(431)},
		{"no request line at all", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", refusal(400)},
		{"length that is no number", head + "Content-Length: ten\r\n\r\n", refusal(400)},
		{"length that is negative", head + "Content-Length: -1\r\n\r\n", refusal(400)},
		{"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", refusal(400)},
		{"coding that is not known", head + "Transfer-Encoding: gzip\r\n\r\n", refusal(400)},
		{"chunk size that is no number", head + "Transfer-Encoding: chunked\r\n\r\nten\r\n", refusal(400)},
		{"no host", "POST /api/v0/count/read HTTP/1.1\r\n\r\n", refusal(400)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int32
			api := raw(func(w http.ResponseWriter, r *http.Request) { calls.Add(1) })
			api.Handle("v0/count", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error {
				calls.Add(1)
				return nil
			})})
			c := start(t, api, &server.Server{MaxBody: maxBody, MaxUpload: 10 * maxBody}).dial()
			got := c.ask(tt.request)
			if got.String() != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if contentType := got.header.Get("Content-Type"); contentType != "application/json" {
				t.Errorf("Content-Type: got %q, want application/json", contentType)
			}
			if !got.close {
				t.Error("the answer does not say that the connection is closed")
			}
			c.wantClosed()
			if n := calls.Load(); n > 0 {
				t.Errorf("the function was called %d times", n)
			}
		})
	}
}

func TestBodyOfExactlyTheBound(t *testing.T) {
	body := `{"x":"` + strings.Repeat("x", 10_000-8) + `"}`
	chunked := fmt.Sprintf("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	c := start(t, echo(), &server.Server{MaxBody: int64(len(body))}).dial()
	for name, request := range map[string]string{"declared": post("/api/v0/echo/read", body), "chunked": chunked} {
		if got := c.ask(request); got.String() != "200 "+body {
			t.Errorf("%s: got %d and %d bytes, want 200 and %d", name, got.status, len(got.body), len(body))
		}
	}
	c.wantOpen()
}

// TestRefusalReachesClientThatSendsAll: the client reads only once it has sent
// everything, which must not cost it the answer.
func TestRefusalReachesClientThatSendsAll(t *testing.T) {
	const size = 32 << 20
	running := start(t, echo(), &server.Server{})
	for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
		c := running.dial()
		c.send(fmt.Sprintf("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n%s\r\n", size, expect))
		chunk := strings.Repeat("x", 1<<20)
		for range size / len(chunk) {
			c.send(chunk)
		}
		if got := c.receive("POST"); got.String() != refusal(413) {
			t.Errorf("expecting %q: got %v, want %v", expect, got, refusal(413))
		}
		c.wantClosed()
	}
}

// TestExpectContinue: the body is asked for where it is wanted.
func TestExpectContinue(t *testing.T) {
	const head = "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 7\r\nExpect: "
	running := start(t, echo(), &server.Server{})
	for _, word := range []string{"100-continue", "100-Continue"} {
		c := running.dial()
		c.send(head + word + "\r\n\r\n")
		if line, err := c.in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("Expect: %s: got %q, %v", word, line, err)
		}
		_, _ = c.in.ReadString('\n')
		c.send(`{"a":1}`)
		if got := c.receive("POST"); got.String() != `200 {"a":1}` {
			t.Errorf("Expect: %s: got %v", word, got)
		}
		c.wantOpen()
	}
	c := running.dial() // HTTP/1.0 has no 100 Continue
	if got := c.ask(strings.Replace(head, "1.1", "1.0", 1) + "100-continue\r\n\r\n" + `{"a":1}`); got.String() != `200 {"a":1}` {
		t.Errorf("HTTP/1.0: got %v", got)
	}
}

func TestSlowClients(t *testing.T) {
	const head = "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\n"
	const short = 50 * time.Millisecond
	tests := []struct {
		name   string
		server *server.Server
		send   string
		want   string // "": closed without an answer
	}{
		{"nothing comes", &server.Server{IdleTimeout: short}, "", ""},
		{"half a header", &server.Server{HeaderTimeout: short}, head, refusal(408)},
		{"half a second header", &server.Server{HeaderTimeout: short}, post("/api/v0/echo/read", "") + head, "200 {}\n" + refusal(408)},
		{"idle after an answer", &server.Server{IdleTimeout: short}, post("/api/v0/echo/read", ""), "200 {}\n"},
		{"no body", &server.Server{}, head + "Content-Length: 9\r\n\r\n", refusal(408)},
		{"half a body", &server.Server{}, head + "Content-Length: 9\r\n\r\n{", refusal(408)},
		{"half a chunk", &server.Server{}, head + "Transfer-Encoding: chunked\r\n\r\n9\r\n{", refusal(408)},
		{"no last chunk", &server.Server{}, head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", refusal(408)},
		{"half a raw body", &server.Server{}, "POST /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n{", refusal(408)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.server.Hurry(short)
			c := start(t, raw(readAll), tt.server).dial()
			c.send(tt.send)
			want := strings.Split(strings.TrimSuffix(tt.want, "\n"), "\n")
			for i := 0; tt.want != "" && i < len(want); i++ {
				if got := c.receive("POST"); got.String() != want[i] {
					t.Errorf("got %v, want %v", got, want[i])
				}
			}
			c.wantClosed()
		})
	}
}

func readAll(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		apiphant.WriteError(w, r, err)
	}
}

// TestSlowBodyThatIsFastEnough: what counts is the time that is waited, not the
// time that the function takes before it reads.
func TestSlowBodyThatIsFastEnough(t *testing.T) {
	const grace = 200 * time.Millisecond
	s := &server.Server{}
	s.Hurry(grace)
	reading := make(chan struct{})
	c := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * grace) // a function's work, whose time must not count
		close(reading)
		readAll(w, r)
	}), s).dial()
	c.send("POST /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\n0123456789")
	wait(t, "the function reads", reading)
	c.send("0123456789")
	if got := c.receive("POST"); got.status != 200 {
		t.Errorf("got %v, want 200", got)
	}
	c.wantOpen()
}

// TestBodyThatDribbles: a byte now and then does not keep a connection.
func TestBodyThatDribbles(t *testing.T) {
	s := &server.Server{}
	s.Hurry(100 * time.Millisecond)
	c := start(t, echo(), s).dial()
	c.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n{")
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
				_, _ = io.WriteString(c, " ")
			}
		}
	}()
	if got := c.receive("POST"); got.String() != refusal(408) {
		t.Errorf("got %v, want %v", got, refusal(408))
	}
	c.wantClosed()
}

// TestIdleAfterBody: the bounds of a body end with it.
func TestIdleAfterBody(t *testing.T) {
	const grace = 20 * time.Millisecond
	s := &server.Server{}
	s.Hurry(grace)
	running := start(t, raw(readAll), s)
	for _, path := range []string{"/api/v0/echo/read", "/api/v0/raw/read", "/nothing"} {
		c := running.dial()
		c.ask(post(path, `{"a":1}`))
		time.Sleep(10 * grace) // longer than any body may be waited for: nothing must happen
		c.wantOpen()
	}
}

// TestTruncatedBody cuts a request off at every place of its body: no function
// must take what came for the whole, and the client, which can still hear, is
// told.
func TestTruncatedBody(t *testing.T) {
	var calls atomic.Int32
	api := echo()
	api.Handle("v0/count", apiphant.Actions{
		Read: apiphant.Proc(func(context.Context, apiphant.Object) error {
			calls.Add(1)
			return nil
		}),
		Update: apiphant.RawRequest(func(_ context.Context, r *http.Request) (any, error) {
			if _, err := io.ReadAll(r.Body); err != nil {
				return nil, err
			}
			calls.Add(1)
			return nil, nil
		}),
	})
	running := start(t, api, &server.Server{})
	bodies := map[string]string{
		"declared": "Content-Length: 13\r\n\r\n" + `{"a":1,"b":2}`,
		"chunked":  "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"a\":1, \r\n7;x=y\r\n\"b\": 2}\r\n0\r\nX-Trailer: x\r\n\r\n",
	}
	for _, action := range []string{"read", "update"} {
		for name, body := range bodies {
			whole := "POST /api/v0/count/" + action + " HTTP/1.1\r\nHost: test\r\n" + body
			for cut := len(whole) - len(body) + strings.Index(body, "\r\n\r\n") + 4; cut < len(whole); cut++ {
				c := running.dial()
				c.send(whole[:cut])
				_ = c.CloseWrite()
				if got := c.receive("POST"); got.String() != refusal(400) {
					t.Errorf("%s %s, cut before %q: got %v, want %v", action, name, whole[cut:], got, refusal(400))
				}
				c.wantClosed()
			}
			calls.Store(0)
			if got := running.dial().ask(whole); got.status != 200 || calls.Load() != 1 {
				t.Errorf("%s %s, whole: got %v and %d calls, want 200 and one", action, name, got, calls.Load())
			}
			calls.Store(0)
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("a function was called %d times with a body that was cut off", n)
	}
}

func TestTruncatedHeader(t *testing.T) {
	running := start(t, echo(), &server.Server{})
	whole := post("/api/v0/echo/read", "")
	for cut := 1; cut < len(whole); cut++ {
		c := running.dial()
		c.send(whole[:cut])
		_ = c.CloseWrite()
		if got := c.receive("POST"); got.String() != refusal(400) {
			t.Errorf("cut before %q: got %v, want %v", whole[cut:], got, refusal(400))
		}
		c.wantClosed()
	}
}

// TestContinueOnlyWhereTheBodyIsWanted: not before a middleware has refused the
// request, not where nobody reads the body, and not once a response has started.
func TestContinueOnlyWhereTheBodyIsWanted(t *testing.T) {
	api := echo()
	api.Use("v0/guarded", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			switch call.Header("X-Do") {
			case "refuse":
				return &apiphant.Error{Status: http.StatusUnauthorized}
			case "look":
				return call.Answer(apiphant.Object{"body": string(call.Body())})
			}
			return next(ctx, call)
		}
	})
	api.Handle("v0/guarded", apiphant.Actions{
		Create: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {}),
		Read:   apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }),
		Update: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = io.Copy(w, r.Body)
		}),
		Delete: apiphant.RawResponse(func(_ context.Context, request apiphant.Object, w http.ResponseWriter) error {
			_, err := fmt.Fprint(w, request["a"])
			return err
		}),
	})
	running := start(t, api, &server.Server{})
	for _, tt := range []struct {
		action, do string
		asks       bool // for the body
		want       string
	}{
		{"read", "refuse", false, refusal(401)},
		{"read", "look", true, `200 {"body":"{\"a\":1}"}`},
		{"read", "", true, `200 {"a":1}`},
		{"delete", "", true, "200 1"},
		{"delete", "refuse", false, refusal(401)},
		{"create", "", false, "200 "},
		{"update", "", false, `200 {"a":1}`},
		{"nothing", "", false, refusal(404)},
	} {
		c := running.dial()
		c.send("POST /api/v0/guarded/" + tt.action + " HTTP/1.1\r\nHost: test\r\nX-Do: " + tt.do + "\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n")
		line, _ := c.in.Peek(len("HTTP/1.1 100"))
		if asks := string(line) == "HTTP/1.1 100"; asks != tt.asks {
			t.Errorf("%s %s: it begins with %q, want 100: %t", tt.action, tt.do, line, tt.asks)
		}
		if tt.asks {
			_, _ = c.in.ReadString('\n')
			_, _ = c.in.ReadString('\n')
		}
		if tt.asks || tt.action == "update" {
			c.send(`{"a":1}`)
		}
		if got := c.receive("POST"); got.String() != tt.want {
			t.Errorf("%s %s: got %v, want %s", tt.action, tt.do, got, tt.want)
		}
		if tt.asks {
			c.wantOpen()
		} else {
			c.wantClosed()
		}
	}
}

// TestSlowBodyTakesNoPlace among the requests that run.
func TestSlowBodyTakesNoPlace(t *testing.T) {
	s := &server.Server{MaxRunning: 1}
	running := start(t, echo(), s)
	slow := running.dial()
	slow.send("POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n")
	_, _ = slow.in.ReadString('\n') // it is waited for from here on
	_, _ = slow.in.ReadString('\n')
	if got := running.dial().ask(post("/api/v0/echo/read", `{"b":2}`)); got.String() != `200 {"b":2}` {
		t.Errorf("got %v, want an answer while another body is waited for", got)
	}
	slow.send(`{"a":1}`)
	if got := slow.receive("POST"); got.String() != `200 {"a":1}` {
		t.Errorf("got %v", got)
	}
	if got := s.Stats().Running; got != 0 {
		t.Errorf("%d run, want none", got)
	}
}
