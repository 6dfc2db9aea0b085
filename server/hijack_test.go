package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// upgrade is a request for the function of raw that takes over the connection.
const upgrade = "GET /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\n"

// echoMessages answers each message with itself until the client leaves, or the server
// drains. It ends at "leave".
func echoMessages(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	c.SetReadLimit(2 << 20)
	stop := context.AfterFunc(r.Context(), func() { c.Close(websocket.StatusGoingAway, "") })
	defer stop()
	for ctx := context.WithoutCancel(r.Context()); ; {
		kind, message, err := c.Read(ctx)
		if err != nil {
			return
		}
		if string(message) == "leave" {
			c.Close(websocket.StatusNormalClosure, "as told")
			return
		}
		if err := c.Write(ctx, kind, message); err != nil {
			return
		}
	}
}

// openSocket opens a WebSocket.
func openSocket(t *testing.T, url string, header http.Header) *websocket.Conn {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: insecure}
	t.Cleanup(transport.CloseIdleConnections)
	c, got, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}, HTTPHeader: header})
	if err != nil {
		t.Fatalf("%v (%v)", err, got)
	}
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(2 << 20)
	return c
}

// wantEcho sends a message and wants it back.
func wantEcho(t *testing.T, c *websocket.Conn, message []byte) {
	t.Helper()
	sent := make(chan error, 1)
	go func() { sent <- c.Write(t.Context(), websocket.MessageBinary, message) }()
	_, got, err := c.Read(t.Context())
	if err := wait(t, "the message is sent", sent); err != nil {
		t.Fatal(err)
	}
	if err != nil || !bytes.Equal(got, message) {
		t.Fatalf("got %d bytes and %v, want the %d that were sent", len(got), err, len(message))
	}
}

// TestWebSocket: coder/websocket works, with TLS too; the access log and the metrics
// know of it.
func TestWebSocket(t *testing.T) {
	for scheme, s := range map[string]*server.Server{"ws": {}, "wss": {Certificate: certificate(t)}} {
		t.Run(scheme, func(t *testing.T) {
			running := start(t, raw(echoMessages), s)
			url := scheme + "://" + running.address + "/api/v0/raw/read"
			large := make([]byte, 1<<20)
			_, _ = rand.Read(large)
			c := openSocket(t, url, http.Header{"X-Request-Id": {"one"}})
			wantEcho(t, c, large)
			wantEcho(t, c, []byte("small"))
			reading := c.CloseRead(t.Context()) // which takes the pong
			if err := c.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if got := s.Stats(); got.Hijacked != 1 || got.Connections != 1 || got.Running != 1 {
				t.Errorf("got %+v, want one connection that is hijacked and whose function runs", got)
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Error(err)
			}
			wait(t, "the client's side ends", reading.Done())

			c = openSocket(t, url, nil)
			if err := c.Write(t.Context(), websocket.MessageText, []byte("leave")); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure || !strings.Contains(err.Error(), "as told") {
				t.Errorf("got %v, want the function's close", err)
			}
			until(t, "nothing is hijacked any more", func() bool { return s.Stats().Hijacked == 0 && s.Stats().Connections == 0 })
			log := running.access.String()
			line := regexp.MustCompile(`(?m)^.*"bytes":1048\d\d\d,.*"path":"/api/v0/raw/read".*"received":1048\d\d\d,.*"request_id":"one".*$`)
			if strings.Count(log, `"status":101`) != 2 || strings.Count(log, "\n") != 2 || !line.MatchString(log) {
				t.Errorf("got %s, want two lines with 101, one of them with all bytes", log)
			}
		})
	}
}

// TestWebSocketFromOtherSites: no page of another site has a connection.
func TestWebSocketFromOtherSites(t *testing.T) {
	running := start(t, raw(echoMessages), &server.Server{})
	url := "ws://" + running.address + "/api/v0/raw/read"
	wantEcho(t, openSocket(t, url, http.Header{"Origin": {"http://" + running.address}}), []byte("hello"))
	_, got, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://other.example"}}})
	if err == nil || got == nil || got.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: got %v and %v, want 403", got, err)
	}
}

// hijacking serves a function that hijacks and then does something.
func hijacking(do func(conn net.Conn, both *bufio.ReadWriter, r *http.Request)) *apiphant.API {
	return raw(func(w http.ResponseWriter, r *http.Request) {
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		do(conn, both, r)
	})
}

// TestHijackGetsAllThatCame: nothing that is not read of the request is lost.
func TestHijackGetsAllThatCame(t *testing.T) {
	running := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
		some := make([]byte, 2)
		n, _ := io.ReadFull(r.Body, some)
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, err = r.Body.Read(some)
		fmt.Fprintf(conn, "%s, then %v, buffered %t, behind: ", some[:n], err, both.Reader.Buffered() > 0)
		_, _ = io.Copy(conn, both)
	}), &server.Server{})
	long := strings.Repeat("x", 20_000)
	for _, tt := range []struct{ name, sent, want string }{
		{"pipelined", upgrade + "behind", ", then EOF, buffered true, behind: behind"},
		{"more than a buffer", upgrade + long, ", then EOF, buffered true, behind: " + long},
		{"HTTP/1.0", "GET /api/v0/raw/read HTTP/1.0\r\n\r\nbehind", ", then EOF, buffered true, behind: behind"},
		{"a body that is not read", "POST /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabcdefbehind",
			"ab, then http: invalid Read on closed Body, buffered true, behind: cdefbehind"},
		{"after an empty line", "\r\n" + upgrade + "behind", ", then EOF, buffered true, behind: behind"},
		{"after another request", post("/api/v0/echo/read", "{}") + upgrade + "behind", ", then EOF, buffered true, behind: behind"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := running.dial()
			c.send(tt.sent)
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c.in)
			if before, after, found := bytes.Cut(got, []byte("\r\n\r\n{}")); found {
				if !bytes.HasPrefix(before, []byte("HTTP/1.1 200 ")) {
					t.Errorf("got %q", before)
				}
				got = after
			}
			if string(got) != tt.want || err != nil {
				t.Errorf("got %.200q and %v, want %.200q", got, err, tt.want)
			}
		})
	}
}

// TestHijackIsRefused where an answer has begun; that answer is sent as usual.
func TestHijackIsRefused(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter){
		"a status": func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) },
		"a body":   func(w http.ResponseWriter) { _, _ = io.WriteString(w, "some,") },
		"a flush":  func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, raw(func(w http.ResponseWriter, _ *http.Request) {
				begin(w)
				_, _, err := http.NewResponseController(w).Hijack()
				fmt.Fprint(w, err)
			}), &server.Server{}).dial()
			if got := c.ask(post("/api/v0/raw/read", "")); !strings.HasSuffix(got.body, "before Hijack only WriteHeader(101) is possible") {
				t.Errorf("got %v", got)
			}
			c.wantOpen()
		})
	}
}

// TestHijackLeavesNothing: whatever becomes of the function, its connection, its place
// and its client end.
func TestHijackLeavesNothing(t *testing.T) {
	release := make(chan struct{})
	for name, do := range map[string]func(net.Conn, *bufio.ReadWriter, *http.Request){
		"closed":         func(conn net.Conn, _ *bufio.ReadWriter, _ *http.Request) { conn.Close(); conn.Close() },
		"panic":          func(net.Conn, *bufio.ReadWriter, *http.Request) { panic("after Hijack") },
		"abort":          func(net.Conn, *bufio.ReadWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"Goexit":         func(net.Conn, *bufio.ReadWriter, *http.Request) { runtime.Goexit() },
		"forgotten":      func(net.Conn, *bufio.ReadWriter, *http.Request) {},
		"closed by then": func(conn net.Conn, _ *bufio.ReadWriter, _ *http.Request) { go func() { <-release; conn.Close() }() },
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{}
			running := start(t, hijacking(do), s)
			c := running.dial()
			c.send(upgrade)
			if name == "closed by then" {
				until(t, "the function has returned", func() bool { return s.Stats().Running == 0 && s.Stats().Hijacked == 1 })
				if log := running.access.String(); log != "" {
					t.Errorf("got the line %s while the connection is open", log)
				}
				close(release)
			}
			until(t, "nothing is left", func() bool {
				if name == "forgotten" {
					runtime.GC()
				}
				stats := s.Stats()
				return stats.Hijacked == 0 && stats.Connections == 0 && stats.Running == 0 && running.access.String() != ""
			})
			c.wantClosed()
			if log := running.access.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `"status":101`) {
				t.Errorf("got %s, want one line with 101", log)
			}
			if panics := strings.Contains(running.log.String(), "after Hijack"); panics != (name == "panic") {
				t.Errorf("got the log %s", running.log)
			}
		})
	}
}

// TestHijackCounts: a connection that is hijacked is one of the open ones.
func TestHijackCounts(t *testing.T) {
	running := start(t, raw(echoMessages), &server.Server{MaxConnectionsPerAddress: 1})
	c := openSocket(t, "ws://"+running.address+"/api/v0/raw/read", nil)
	wantEcho(t, c, []byte("a"))
	if got := running.dial().receive("GET"); got.status != http.StatusServiceUnavailable {
		t.Errorf("a second connection: got %v, want 503", got)
	}
	wantEcho(t, c, []byte("b"))
}

// TestHijackClientGone: the function has the connection, and sees its end there.
func TestHijackClientGone(t *testing.T) {
	ended := make(chan error, 1)
	running := start(t, raw(func(w http.ResponseWriter, r *http.Request) {
		done := r.Context().Done() // which begins to watch the client
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, _ = io.Copy(io.Discard, both)
		select {
		case <-done:
			ended <- context.Cause(r.Context())
		case <-time.After(4 * server.WatchDelay): // in which a call that does not hijack is told
			ended <- nil
		}
	}), &server.Server{})
	c := running.dial()
	c.send(upgrade)
	_ = c.CloseWrite()
	if err := wait(t, "the function has read all", ended); err != nil {
		t.Errorf("the context ended with %v", err)
	}
	c.wantClosed()
}

// TestHijackDrains: a function hears of it and says goodbye; others are closed at the
// end of the drain.
func TestHijackDrains(t *testing.T) {
	t.Run("goodbye", func(t *testing.T) {
		running := start(t, raw(echoMessages), &server.Server{Drain: patience})
		c := openSocket(t, "ws://"+running.address+"/api/v0/raw/read", nil)
		wantEcho(t, c, []byte("a"))
		running.end()
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("got %v, want the status %d", err, websocket.StatusGoingAway)
		}
		if err := wait(t, "Serve ends", running.ended); err != nil {
			t.Error(err)
		}
		running.ended <- nil // for the end of the test
		if log := running.access.String(); !strings.Contains(log, `"status":101`) {
			t.Errorf("got %q in the access log when Serve ends", log)
		}
	})
	for name, returns := range map[string]bool{"the function runs": false, "the function has returned": true} {
		t.Run(name, func(t *testing.T) {
			causes, kept, ended := make(chan error, 1), make(chan net.Conn, 1), make(chan struct{})
			s := &server.Server{Drain: 50 * time.Millisecond}
			running := start(t, hijacking(func(conn net.Conn, both *bufio.ReadWriter, r *http.Request) {
				if returns {
					kept <- conn
					return
				}
				<-r.Context().Done()
				causes <- context.Cause(r.Context())
				_, _ = io.Copy(io.Discard, both) // until the server closes
				close(ended)
			}), s)
			c := running.dial()
			c.send(upgrade)
			until(t, "it is hijacked", func() bool { return s.Stats().Hijacked == 1 && (s.Stats().Running == 0) == returns })
			running.end()
			if err := wait(t, "Serve ends", running.ended); err != nil {
				t.Error(err)
			}
			running.ended <- nil // for the end of the test
			c.wantClosed()
			if returns {
				if err := (<-kept).Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("closing it then: got %v, want %v", err, net.ErrClosed)
				}
			} else {
				if cause := wait(t, "the function hears of it", causes); !errors.Is(cause, apiphant.ErrDraining) {
					t.Errorf("the cause is %v, want %v", cause, apiphant.ErrDraining)
				}
				wait(t, "the function's reading ends", ended)
			}
			until(t, "the access log has it", func() bool { return strings.Contains(running.access.String(), `"status":101`) })
		})
	}
}

// TestManyHijacked: what a thousand connections take, which docs/operating.md states.
func TestManyHijacked(t *testing.T) {
	const many, bound = 1000, 32 << 10
	s := &server.Server{}
	running := start(t, raw(echoMessages), s)
	before := inUse()
	for range many {
		c := running.dial()
		c.send("GET /api/v0/raw/read HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
		c.in = nil // so that the clients take little
		line := make([]byte, len("HTTP/1.1 101"))
		if _, err := io.ReadFull(c.TCPConn, line); err != nil || string(line) != "HTTP/1.1 101" {
			t.Fatalf("got %q and %v", line, err)
		}
	}
	until(t, "all are hijacked", func() bool { return s.Stats().Hijacked == many })
	per := (inUse() - before) / many
	t.Logf("a connection takes %d bytes", per)
	if per > bound {
		t.Errorf("a connection takes %d bytes, want at most %d", per, bound)
	}
}

// inUse returns how many bytes of heap and stacks are in use.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// TestHijackHasNoTimeouts: the connection may be silent for longer than others.
func TestHijackHasNoTimeouts(t *testing.T) {
	const limit = 50 * time.Millisecond
	reads := make(chan error, 1)
	running := start(t, hijacking(func(conn net.Conn, both *bufio.ReadWriter, _ *http.Request) {
		defer conn.Close()
		_, err := both.ReadByte()
		reads <- err
	}), &server.Server{HeaderTimeout: limit, IdleTimeout: limit})
	c := running.dial()
	c.send(upgrade)
	select {
	case err := <-reads:
		t.Fatalf("reading ended with %v", err)
	case <-time.After(3 * limit):
	}
	c.send("x")
	if err := wait(t, "the function reads", reads); err != nil {
		t.Errorf("reading: %v", err)
	}
}

// TestHijackFails: an error that a function returns closes the connection, too.
func TestHijackFails(t *testing.T) {
	api := &apiphant.API{}
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.RawResponse(func(_ context.Context, request apiphant.Object, w http.ResponseWriter) error {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		fmt.Fprint(conn, request["text"])
		return errors.New("on purpose")
	})})
	running := start(t, api, &server.Server{})
	c := running.dial()
	c.send(post("/api/v0/raw/read", `{"text":"sent"}`))
	if got, err := io.ReadAll(c.in); string(got) != "sent" || err != nil {
		t.Errorf("got %q and %v, want what was sent and the end", got, err)
	}
	until(t, "the error is logged", func() bool { return strings.Contains(running.log.String(), "on purpose") })
}
