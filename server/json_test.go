package server_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// wayAPI says, with "json", whether a call was answered by answerJSON or by
// fasthttp, and answers in all the ways that there are.
func wayAPI() *apiphant.API {
	api := echo()
	api.AllowOrigins = []string{"https://app.example.com"}
	api.Handle("v0/way", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) {
			request["json"] = strings.Contains(string(debug.Stack()), "answerJSON(")
			return request, nil
		}),
		Update: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }).MaxBody(10),
		Delete: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "raw") }),
	})
	api.Handle("v0/ends", apiphant.Actions{
		Create: apiphant.Proc(func(context.Context, struct {
			N int `json:"n" required:"true"`
		}) error {
			return nil
		}),
		Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) {
			switch request["end"] {
			case "known":
				return nil, &apiphant.Error{Status: 418, Detail: "a teapot"}
			case "odd":
				return nil, &apiphant.Error{Status: 499}
			case "unknown":
				return nil, errors.New("secret")
			case "panic":
				panic("secret")
			case "abort":
				panic(http.ErrAbortHandler)
			case "large":
				return apiphant.Object{"a": strings.Repeat("x", 300_000)}, nil
			}
			return request, nil
		}),
	})
	api.Use("v0/ends", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			for _, name := range []string{"Set-Cookie", "Content-Type", "X-Request-Id", "Connection", "Date", "Server", "Vary", "X-Other"} {
				if value := call.Header("Set-" + name); value != "" {
					call.SetHeader(name, value)
				}
			}
			if value := call.Header("Set-Id"); value != "" {
				call.SetHeader("X-Request-Id", value+"\r\nEvil: 1")
			}
			for _, name := range []string{"Cookie", "X-Twice", "Content-Type", "User-Agent", "Content-Length", "Host", "X-Missing"} {
				if call.Header("Tell") == name {
					call.SetHeader("Told", fmt.Sprintf("%q", call.Header(name)))
				}
			}
			return next(ctx, call)
		}
	})
	return api
}

// TestWays: which requests are answered by answerJSON, alone on their connection
// and after others.
func TestWays(t *testing.T) {
	const call = "POST /api/v0/way/read HTTP/1.1\r\nHost: test\r\n"
	const body = `Content-Length: 7` + "\r\n\r\n" + `{"a":1}`
	tests := []struct {
		name string
		send string // pieces, separated by |
		json bool
	}{
		{"whole", call + body, true},
		{"no body", call + "\r\n", true},
		{"of a browser", call + "Connection: keep-alive\r\nUser-Agent: x\r\nCookie: a=1\r\nOrigin: http://test\r\n" + body, true},
		{"head and body apart", call + "Content-Length: 7\r\n\r\n|" + `{"a":1}`, true},
		{"a body in pieces", call + "Content-Length: 7\r\n\r\n{|" + `"a":1|}`, true},
		{"half a head", "POST /api/v0/way|" + strings.TrimPrefix(call, "POST /api/v0/way") + body, true},
		{"after an empty line", "\r\n" + call + body, true},
		{"chunks", call + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", true},
		{"Expect", call + "Expect: nothing\r\n" + body, false},
		{"Trailer", call + "Trailer: x\r\n" + body, false},
		{"other words about the connection", call + "Connection: keep-alive, te\r\n" + body, false},
		{"HTTP/1.0", strings.Replace(call, "1.1", "1.0", 1) + "Connection: keep-alive\r\n" + body, false},
		{"a query", strings.Replace(call, "read ", "read?a=1 ", 1) + body, true},
		{"an IPv6 host", strings.Replace(call, "test", "[::1]", 1) + body, false},
		{"a whole target", strings.Replace(call, "/api", "http://test/api", 1) + body, true},
	}
	running := start(t, wayAPI(), &server.Server{})
	mixed := running.dial()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, c := range []*client{running.dial(), mixed} {
				pieces := strings.Split(tt.send, "|")
				for i, piece := range pieces {
					if i > 0 {
						time.Sleep(5 * time.Millisecond) // so that it comes alone: no event says that the server has read the piece before
					}
					c.send(piece)
				}
				if got, want := c.receive("POST").String(), fmt.Sprintf(`"json":%t}`, tt.json); !strings.HasPrefix(got, "200 ") || !strings.HasSuffix(got, want) {
					t.Errorf("got %v, want …%v", got, want)
				}
				c.wantOpen()
			}
		})
	}
	t.Run("two at once", func(t *testing.T) {
		mixed.send(call + body + call + body)
		for range 2 {
			if got := mixed.receive("POST").String(); got != `200 {"a":1,"json":true}` {
				t.Errorf("got %v", got)
			}
		}
		mixed.wantOpen()
	})
	t.Run("beyond the action's bound", func(t *testing.T) {
		c := running.dial()
		if got := c.ask(post("/api/v0/way/update", `{"a":123456789}`)); got.String() != refusal(413) {
			t.Errorf("got %v, want %v", got, refusal(413))
		}
	})
	t.Run("raw", func(t *testing.T) {
		if got := mixed.ask(post("/api/v0/way/delete", "")); got.String() != "200 raw" {
			t.Errorf("got %v", got)
		}
	})
}

// TestJSONAnswersAsFasthttp holds the answers against each other, byte for byte
// but for what is made anew for each.
func TestJSONAnswersAsFasthttp(t *testing.T) {
	made := regexp.MustCompile(`(?m)^(Date: .*|X-Request-Id: [0-9a-f]{32})\r\n`)
	tests := []struct{ name, path, fields, body string }{
		{"an object", "ends/read", "", `{"a":1}`},
		{"nothing", "ends/read", "", ``},
		{"a large request", "ends/read", "", `{"a":"` + strings.Repeat("y", 100_000) + `"}`},
		{"one that is too large", "ends/read", "", `{"a":"` + strings.Repeat("y", 1<<20) + `"}`},
		{"a large one that may not", "ends/read", "Origin: https://other.example.com\r\n", strings.Repeat(" ", 100_000)},
		{"a large one", "ends/read", "", `{"end":"large"}`},
		{"no JSON", "ends/read", "", `{`},
		{"a field that is missing", "ends/create", "", `{}`},
		{"a known error", "ends/read", "", `{"end":"known"}`},
		{"a status without a name", "ends/read", "", `{"end":"odd"}`},
		{"an unknown error", "ends/read", "", `{"end":"unknown"}`},
		{"a panic", "ends/read", "", `{"end":"panic"}`},
		{"an end without an answer", "ends/read", "", `{"end":"abort"}`},
		{"an id that came", "ends/read", "X-Request-Id: mine\r\n", `{}`},
		{"an origin that may", "ends/read", "Origin: https://app.example.com\r\n", `{}`},
		{"an origin that may not", "ends/read", "Origin: https://other.example.com\r\n", `{}`},
		{"a cookie that is set", "ends/read", "Set-Set-Cookie: a=1; Path=/\r\n", `{}`},
		{"a type that is set", "ends/read", "Set-Content-Type: text/plain\r\n", `{}`},
		{"an id that is set", "ends/read", "Set-X-Request-Id: other\r\nX-Request-Id: mine\r\n", `{}`},
		{"an id that would be two fields", "ends/read", "Set-Id: a\r\n", `{}`},
		{"a connection that is closed", "ends/read", "Set-Connection: close\r\n", `{}`},
		{"a date, a server and others", "ends/read", "Set-Server: s\r\nSet-Vary: x\r\nSet-X-Other: o\r\n", `{}`},
		{"told a cookie", "ends/read", "Tell: Cookie\r\nCookie: a=1;b=2\r\nCookie: c=3\r\n", `{}`},
		{"told what came twice", "ends/read", "Tell: X-Twice\r\nx-twice:  1 \r\nX-Twice: 2\r\n", `{}`},
		{"told a type that came twice", "ends/read", "Tell: Content-Type\r\nContent-Type: a\r\ncontent-type: b\r\n", `{}`},
		{"told who asks", "ends/read", "Tell: User-Agent\r\nUser-Agent:\r\n", `{}`},
		{"told the length", "ends/read", "Tell: Content-Length\r\n", `{}`},
		{"told the host", "ends/read", "Tell: Host\r\n", `{}`},
		{"told of nothing", "ends/read", "Tell: X-Missing\r\n", `{}`},
	}
	running := start(t, wayAPI(), &server.Server{})
	answer := func(request string) string {
		c := running.dial()
		c.send(request)
		_ = c.CloseWrite()
		return made.ReplaceAllString(readAllOf(t, c), "")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			head := fmt.Sprintf("POST /api/v0/%s HTTP/1.1\r\nHost: test\r\n%sContent-Length: %d\r\n\r\n", tt.path, tt.fields, len(tt.body))
			got, want := answer(head+tt.body), answer(strings.Replace(head, "Host:", "Trailer: x\r\nHost:", 1)+tt.body)
			if got != want || tt.name != "an end without an answer" && !strings.HasPrefix(want, "HTTP/1.1 ") {
				t.Errorf("got\n%.500s\nwant\n%.500s", got, want)
			}
		})
	}
}

func readAllOf(t *testing.T, c *client) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	var all strings.Builder
	if _, err := c.in.WriteTo(&all); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	return all.String()
}

// TestConnectionAfterJSON: what comes after a JSON call is one
// request, however it is cut, and a connection that is to close does.
func TestConnectionAfterJSON(t *testing.T) {
	const inner = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
	outer := fmt.Sprintf("POST /api/v0/way/read HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n ", 1+len(inner))
	chunks := "POST /api/v0/way/read HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{"
	running := start(t, wayAPI(), &server.Server{LowMemory: true}) // parks after 50 ms
	ask := func(t *testing.T, pieces ...string) *client {
		c := running.dial()
		c.wantOpen()
		for _, piece := range pieces {
			c.send(piece)
			time.Sleep(70 * time.Millisecond) // until it is parked, or would be: no event says so of the one that waits for a body
		}
		return c
	}
	t.Run("half an empty line before a head", func(t *testing.T) {
		c := ask(t, "\r", "\n"+outer, inner)
		if got := c.receive("POST"); got.status != 400 {
			t.Errorf("got %v, want 400", got)
		}
		c.wantOpen()
	})
	t.Run("half a head, and a body in pieces", func(t *testing.T) {
		c := ask(t, outer[:9], outer[9:], inner)
		if got := c.receive("POST"); got.status != 400 {
			t.Errorf("got %v, want 400", got)
		}
		c.wantOpen()
	})
	t.Run("chunks in pieces", func(t *testing.T) {
		c := ask(t, "\r", "\n"+chunks, "}\r\n0\r\n\r\n")
		if got := c.receive("POST"); got.String() != `200 {"json":true}` {
			t.Errorf("got %v", got)
		}
		c.wantOpen()
	})
	t.Run("a middleware that closes", func(t *testing.T) {
		c := ask(t, "POST /api/v0/ends/read HTTP/1.1\r\nHost: test\r\nSet-Connection: close\r\n\r\n")
		if got := c.receive("POST"); got.String() != "200 {}" {
			t.Errorf("got %v", got)
		}
		c.wantClosed()
	})
}
