package nethttp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/nethttp"
)

// newAPI returns an API with one target, "it", that answers to read.
func newAPI(read apiphant.Action) *apiphant.API {
	api := &apiphant.API{}
	api.Handle("v0/it", apiphant.Actions{Read: read})
	return api
}

const path = "/api/v0/it/read"

// ask gives a handler a request as a server would read it from a connection.
func ask(t *testing.T, handler http.Handler, request string) *httptest.ResponseRecorder {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:4711"
	quiet := apiphant.WithLog(r.Context(), discard)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r.WithContext(quiet))
	return answer
}

// seen answers with what a raw function sees of where its request came from.
func seen(_ context.Context, r *http.Request) (map[string]any, error) {
	forwarded := 0
	for name := range r.Header {
		if apiphant.IsForwarded(name) {
			forwarded++
		}
	}
	return map[string]any{
		"path": r.URL.Path, "raw": r.URL.RawPath, "uri": r.RequestURI, "host": r.Host, "remote": r.RemoteAddr, "forwarded": forwarded,
	}, nil
}

func decode(t *testing.T, text string) (object map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return object
}

func TestTarget(t *testing.T) {
	handler := nethttp.Handler(newAPI(apiphant.RawRequest(seen)))
	tests := []struct {
		name, target string
		handler      http.Handler
		status       int
		uri          string // that the function sees
	}{
		{"as it came", path + "?a=%2F&b", handler, 200, path + "?a=%2F&b"},
		{"a query that can't be decoded", path + "?%zz;", handler, 200, path + "?%zz;"},
		{"an empty query", path + "?", handler, 200, path + "?"},
		{"the absolute form", "http://a.example" + path + "?a=1", handler, 200, "http://a.example" + path + "?a=1"},
		{"an escaped letter", "/api/v0/%69t/read", handler, 404, ""},
		{"an escaped slash", "/api/v0/it%2Fread", handler, 404, ""},
		{"below a prefix", "/shop" + path + "?a=%2F", http.StripPrefix("/shop", handler), 200, path + "?a=%2F"},
		{"below a prefix, in the absolute form", "http://a.example/shop" + path, http.StripPrefix("/shop", handler), 200, path},
		{"an escaped letter below a prefix", "/shop/api/v0/%69t/read", http.StripPrefix("/shop", handler), 404, ""},
		{"an escaped prefix", "/sh%6fp" + path, http.StripPrefix("/shop", handler), 404, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := ask(t, test.handler, "GET "+test.target+" HTTP/1.1\r\nHost: a.example\r\n\r\n")
			if answer.Code != test.status {
				t.Fatalf("got %d %s, want %d", answer.Code, answer.Body, test.status)
			}
			if test.status == 200 {
				if got := decode(t, answer.Body.String()); got["uri"] != test.uri || got["path"] != path {
					t.Errorf("the function sees %v, want %q and %q", got, test.uri, path)
				}
			}
		})
	}
}

func TestTrustedProxies(t *testing.T) {
	api := newAPI(apiphant.RawRequest(seen))
	api.Use("", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			call.SetHeader("X-Seen", fmt.Sprintf("%s %s %q %q", call.RemoteAddr(), call.Header("Host"), call.Header("X-Forwarded-Proto"), call.Header("X-Real-IP")))
			return next(ctx, call)
		}
	})
	request := "GET " + path + " HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.0.0.1\r\n" +
		"X-Forwarded-Host: made-up.example, api.example.com\r\nX-Forwarded-Proto: http, https\r\nX-Real-IP: 203.0.113.7\r\n\r\n"
	tests := []struct {
		name    string
		trusted []netip.Prefix
		seen    string
		want    map[string]any
	}{
		{"nobody is", nil, `127.0.0.1 inner "" ""`,
			map[string]any{"host": "inner", "remote": "127.0.0.1:4711", "forwarded": 0.0}},
		{"another is", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, `127.0.0.1 inner "" ""`,
			map[string]any{"host": "inner", "remote": "127.0.0.1:4711", "forwarded": 0.0}},
		{"it is", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}, `203.0.113.7 api.example.com "https" "203.0.113.7"`,
			map[string]any{"host": "api.example.com", "remote": "203.0.113.7:0", "forwarded": 4.0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := ask(t, &nethttp.Door{API: api, TrustedProxies: test.trusted}, request)
			if got := answer.Header().Get("X-Seen"); got != test.seen {
				t.Errorf("a middleware sees %q, want %q", got, test.seen)
			}
			got := decode(t, answer.Body.String())
			for _, name := range []string{"path", "raw", "uri"} {
				delete(got, name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("a function sees (- wanted, + found):\n%s", diff)
			}
		})
	}
}

// TestContext looks at what becomes of the context that the server gives.
func TestContext(t *testing.T) {
	type key struct{}
	errOwn := errors.New("the house is on fire")
	tests := []struct {
		name   string
		given  func(context.Context) context.Context
		status int
		cause  error
	}{
		{"the client goes away", func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx
		}, 499, apiphant.ErrClientGone},
		{"there is a cause", func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(errOwn)
			return ctx
		}, 503, errOwn},
		{"the deadline of a handler around it", func(ctx context.Context) context.Context {
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			t.Cleanup(cancel)
			return ctx
		}, 503, context.DeadlineExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var cause error
			var value any
			handler := nethttp.Handler(newAPI(apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error {
				<-ctx.Done()
				cause, value = context.Cause(ctx), ctx.Value(key{})
				return ctx.Err()
			})))
			around := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx := context.WithValue(r.Context(), key{}, "value")
				handler.ServeHTTP(w, r.WithContext(test.given(ctx)))
			})
			answer := ask(t, around, "POST "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
			if answer.Code != test.status || cause != test.cause || value != "value" {
				t.Errorf("got %d, the cause %v and the value %v, want %d and %v", answer.Code, cause, value, test.status, test.cause)
			}
		})
	}
}

func TestHandlerPanicsForAnAPIThatCantBeServed(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, `target "v0/it" has no action`) {
			t.Errorf("got the panic %s", text)
		}
	}()
	nethttp.Handler(newAPI(apiphant.Action{}))
}

func TestAbort(t *testing.T) {
	defer func() {
		if value := recover(); value != http.ErrAbortHandler {
			t.Errorf("got the panic %v, want %v", value, http.ErrAbortHandler)
		}
	}()
	ask(t, nethttp.Handler(newAPI(apiphant.Proc(func(context.Context, apiphant.Object) error { panic(http.ErrAbortHandler) }))),
		"POST "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
}

// TestGoexit ends the goroutine that net/http serves the connection by.
func TestGoexit(t *testing.T) {
	api := newAPI(apiphant.Proc(func(context.Context, apiphant.Object) error { runtime.Goexit(); return nil }))
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "some")
		_ = http.NewResponseController(w).Flush()
		runtime.Goexit()
	})})
	api.Handle("v0/fine", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error { return nil })})
	base := serve(t, nethttp.Handler(api))
	for target, want := range map[string]bool{"/api/v0/it/read": false, "/api/v0/raw/read": false, "/api/v0/fine/read": true} {
		answer, err := http.Post(base+target, "", nil)
		if err == nil {
			_, err = io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		if whole := err == nil; whole != want {
			t.Errorf("%s: got a whole answer: %t (%v), want %t", target, whole, err, want)
		}
	}
}

// TestHeadersAround keeps what handlers around this one have set.
func TestHeadersAround(t *testing.T) {
	api := newAPI(apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Vary", "Accept")
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			panic(fmt.Sprintf("got %v, want %v", err, http.ErrNotSupported))
		}
		_, _ = io.WriteString(w, "text")
	}))
	api.AllowOrigins = []string{"https://app.example.com"}
	handler := nethttp.Handler(api)
	around := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Around", "yes")
		w.Header().Set("Vary", "Cookie")
		handler.ServeHTTP(struct{ http.ResponseWriter }{w}, r) // which can't be flushed
	})
	answer := ask(t, around, "GET "+path+" HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n\r\n")
	want := http.Header{"X-Around": {"yes"}, "Vary": {"Cookie", "Origin", "Accept"}}
	got := http.Header{"X-Around": answer.Header()["X-Around"], "Vary": answer.Header()["Vary"]}
	if diff := cmp.Diff(want, got); diff != "" || answer.Body.String() != "text" {
		t.Errorf("got %q and (- wanted, + found):\n%s", answer.Body, diff)
	}
}

// TestExpectContinue: a body that is refused is not asked for.
func TestExpectContinue(t *testing.T) {
	base := serve(t, &nethttp.Door{API: newAPI(apiphant.Proc(func(context.Context, apiphant.Object) error { return nil })), MaxBody: 2})
	for _, test := range []struct {
		target string
		length int
		want   string
	}{
		{path, 2, "HTTP/1.1 100 Continue"},
		{path, 3, "HTTP/1.1 413 Request Entity Too Large"},
		{"/api/v0/none/read", 2, "HTTP/1.1 404 Not Found"},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", test.target, test.length)
		if line, err := bufio.NewReader(conn).ReadString('\n'); strings.TrimSpace(line) != test.want {
			t.Errorf("%s: got %q and %v, want %q", test.target, line, err, test.want)
		}
	}
}

// TestHTTP2 asks by another protocol, over TLS.
func TestHTTP2(t *testing.T) {
	api := newAPI(apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) { return request, nil }))
	api.Handle("v0/late", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "some")
		_ = http.NewResponseController(w).Flush()
		panic("on purpose")
	})})
	server := newServer(nethttp.Handler(api))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	post := func(target, origin string) (answer *http.Response, body string, err error) {
		r, err := http.NewRequest(http.MethodPost, server.URL+target, strings.NewReader(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		answer, err = server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		return answer, string(content), err
	}
	if answer, body, err := post(path, server.URL); err != nil || answer.ProtoMajor != 2 || answer.StatusCode != 200 || body != `{"a":1}` {
		t.Errorf("got %v, %q and %v", answer, body, err)
	}
	if answer, _, err := post(path, "http://"+server.Listener.Addr().String()); err != nil || answer.StatusCode != 403 {
		t.Errorf("from the same host without TLS: got %d and %v, want 403", answer.StatusCode, err)
	}
	if _, body, err := post("/api/v0/late/read", ""); err == nil || body != "some" {
		t.Errorf("got %q and %v, want an answer that is broken off", body, err)
	}
}
