//go:build unix

package deploy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// serve serves an API in this process, and returns its address.
func serve(t *testing.T, api *apiphant.API) (address string) {
	t.Helper()
	listener, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := &server.Server{API: api, MaxBody: 1 << 10, MaxUpload: 2 << 10, DrainWindow: -1}
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// answered is what a client reads of an answer.
type answered struct {
	Status         int
	Type, ID, Body string
}

// exchange sends a raw message, and returns the answer.
func exchange(t *testing.T, address, message string) answered {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(maxWait))
	if _, err := io.WriteString(conn, message); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(message, " ")
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.60q: %v", message, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", message, err)
	}
	return answered{answer.StatusCode, answer.Header.Get("Content-Type"), answer.Header.Get("X-Request-Id"), string(body)}
}

// echoMessage answers one message of a WebSocket with itself.
func echoMessage(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	if kind, message, err := c.Read(r.Context()); err == nil && c.Write(r.Context(), kind, message) == nil {
		c.Close(websocket.StatusNormalClosure, "")
	}
}

// wantSocket checks that a WebSocket echoes a message through nginx, and is closed well.
func (m *machine) wantSocket(t *testing.T) {
	t.Helper()
	c, answer, err := websocket.Dial(t.Context(), "ws://"+m.front+"/api/v0/socket/read", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://" + m.front}}})
	if err != nil {
		t.Errorf("a WebSocket: got %v and %v", answer, err)
		return
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Error(err)
	}
	if _, got, err := c.Read(t.Context()); err != nil || string(got) != "hello" {
		t.Errorf("a WebSocket: got %q and %v, want its message", got, err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("a WebSocket: got %v, want the function's close", err)
	}
}

// TestFrontRefusals: what nginx refuses by itself has the same answer as from a process,
// or the other status that docs/protocol.md names; the answers of processes pass as they are.
func TestFrontRefusals(t *testing.T) {
	t.Parallel()
	api := &apiphant.API{}
	for target, err := range map[string]error{"v0/echo": nil, "v0/large": &apiphant.Error{Status: 413, Detail: "mine"}, "v0/gone": &apiphant.Error{Status: 502}} {
		api.Handle(target, apiphant.Actions{Read: apiphant.Func(func(_ context.Context, request apiphant.Object) (apiphant.Object, error) {
			return request, err
		})})
	}
	api.Handle("v0/socket", apiphant.Actions{Read: apiphant.Raw(echoMessage)})
	process := serve(t, api)
	m := front(t, map[string]string{"UPSTREAMS": process, "MAX_BODY": "1KiB", "MAX_UPLOAD": "2KiB"})
	id, long := "Host: x\r\nX-Request-Id: of-this-test\r\n", strings.Repeat("x", 9000)
	post := "POST /api/v0/echo/read HTTP/1.1\r\n" + id
	m.wantSocket(t)
	tests := []struct {
		message         string
		straight, nginx int
	}{
		{post + "Content-Length: 2\r\n\r\n{}", 200, 200},
		{"POST /api/v0/large/read HTTP/1.1\r\n" + id + "\r\n", 413, 413},
		{"POST /api/v0/gone/read HTTP/1.1\r\n" + id + "\r\n", 502, 502},
		{post + "X: " + long + "\r\n\r\n", 431, 431},
		{post + strings.Repeat("X: "+long[:2000]+"\r\n", 5) + "\r\n", 431, 431},
		{post + strings.Repeat("X: "+long[:2000]+"\r\n", 40) + "\r\n", 431, 431},
		{"HEAD /api/v0/echo/read HTTP/1.1\r\n" + id + "X: " + long + "\r\n\r\n", 431, 431},
		{"POST /api/v0/echo/" + long + " HTTP/1.1\r\nHost: x\r\n\r\n", 431, 431},
		{post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, 400},
		{post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400, 400},
		{post + "Content-Length: x\r\n\r\n", 400, 400},
		{post + "Transfer-Encoding: gzip\r\n\r\n", 400, 400},
		{post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, 400},
		{post + "Host: x\r\n\r\n", 400, 400},
		{post + "Content-Length: 99999\r\n\r\n", 413, 413},
		{post + "Content-Length: 99999999999999999999\r\n\r\n", 413, 400},
		{"nonsense\r\n\r\n", 400, 400},
		{"POST /api/v0/echo/read HTTP/1.1\r\n\r\n", 400, 400},
		{"POST /api/v0/echo/read HTTP/2.0\r\n" + id + "\r\n", 505, 505},
		{"POST /api/v0/nobody/read HTTP/1.1\r\n" + id + "\r\n", 404, 404},
		{"POST /nobody HTTP/1.1\r\n" + id + "\r\n", 404, 404},
		{"HEAD /nobody HTTP/1.1\r\n" + id + "\r\n", 404, 404},
		{"POST /api HTTP/1.1\r\n" + id + "\r\n", 404, 404},
		{"POST /api/%zz HTTP/1.1\r\n" + id + "\r\n", 404, 400},
		{"POST /../api HTTP/1.1\r\n" + id + "\r\n", 404, 400},
		{"TRACE /api/v0/echo/read HTTP/1.1\r\n" + id + "\r\n", 501, 405},
	}
	for _, test := range tests {
		straight, through := exchange(t, process, test.message), exchange(t, m.front, test.message)
		name := fmt.Sprintf("%.100q", test.message)
		if straight.Status != test.straight || through.Status != test.nginx || through.ID == "" {
			t.Errorf("%s: straight %+v, through nginx %+v, want %d and %d with an id", name, straight, through, test.straight, test.nginx)
		}
		if straight.ID != "of-this-test" || through.ID != "of-this-test" { // each has made one of its own
			through.ID = straight.ID
		}
		if test.straight != test.nginx {
			straight.Status, straight.Body = test.nginx, fmt.Sprintf(`{"error":"%d %s"}`, test.nginx, http.StatusText(test.nginx))
		}
		if diff := cmp.Diff(straight, through); diff != "" {
			t.Errorf("%s (- straight, + through nginx):\n%s", name, diff)
		}
	}
}
