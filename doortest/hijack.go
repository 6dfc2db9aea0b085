package doortest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
)

// addHijack adds functions that take over their connection.
func (l *live) addHijack(read func(string, apiphant.Action)) {
	read("hijack", apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			l.ends <- err
			http.Error(w, "no connection", http.StatusNotImplemented)
			return
		}
		defer conn.Close()
		_, _, again := http.NewResponseController(w).Hijack()
		_, late := w.Write([]byte("late"))
		if !errors.Is(again, http.ErrHijacked) || !errors.Is(late, http.ErrHijacked) || r.Context().Err() != nil {
			l.ends <- fmt.Errorf("a second Hijack: %v; Write: %v: want %v twice; the context's error: %v, want none", again, late, http.ErrHijacked, r.Context().Err())
			return
		}
		_, err = io.Copy(conn, both)
		l.ends <- err
	}))
	read("hijack-panic", apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		_, _, _ = http.NewResponseController(w).Hijack()
		panic("after Hijack")
	}))
}

// upgrade asks for a function that takes over the connection. What is behind the
// request in the same write is early.
func (c *socketClient) upgrade(t *testing.T, function, early string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(timeout))
	const head = "GET %s/api/v0/live/%s/read HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n%s"
	if _, err := fmt.Fprintf(conn, head, c.prefix, function, early); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// hijack: nothing of what comes is lost, in either direction, up to the ends of both.
func (l *live) hijack(t *testing.T, c client) {
	conn, reader := c.(*socketClient).upgrade(t, "hijack", "early")
	got, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if h := got.Header; got.StatusCode != http.StatusSwitchingProtocols || h.Get("Upgrade") != "echo" || h.Get("Connection") != "Upgrade" ||
		h.Get("X-Request-Id") == "" || got.ContentLength > 0 || h.Get("Content-Length") != "" || len(got.TransferEncoding) > 0 {
		t.Fatalf("got %v, want the head that the function wrote", got)
	}
	for _, want := range []string{"early", "late"} {
		echoed := make([]byte, len(want))
		if _, err := io.ReadFull(reader, echoed); err != nil || string(echoed) != want {
			t.Fatalf("got %q and %v, want %q", echoed, err, want)
		}
		if _, err := io.WriteString(conn, "late"); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(reader); err != nil || string(rest) != "late" {
		t.Errorf("then %q and %v, want the rest and the end", rest, err)
	}
	if err := receive(t, l.ends, "the end of the function"); err != nil {
		t.Error(err)
	}
}

// hijackPanic: where the function fails, nobody else closes the connection.
func (l *live) hijackPanic(t *testing.T, c client) {
	_, reader := c.(*socketClient).upgrade(t, "hijack-panic", "")
	if rest, err := io.ReadAll(reader); len(rest) > 0 || err != nil {
		t.Errorf("got %q and %v, want the end of the connection", rest, err)
	}
}

// hijackRefused: a door that can't do it says so, and the function can still answer.
func (l *live) hijackRefused(t *testing.T, c client) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	got, err := c.begin(ctx, post("hijack", nil, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode == http.StatusSwitchingProtocols {
		_ = got.Body.Close()
		receive(t, l.ends, "the end of the function")
		t.Skip("the door can do it, and is tested for it with Suite.Hijack")
	}
	if text, err := io.ReadAll(got.Body); got.StatusCode != http.StatusNotImplemented || string(text) != "no connection\n" || err != nil {
		t.Errorf("got %d, %q and %v, want the function's 501", got.StatusCode, text, err)
	}
	if err := receive(t, l.ends, "the error of Hijack"); !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("Hijack returned %v, want %v", err, http.ErrNotSupported)
	}
}
