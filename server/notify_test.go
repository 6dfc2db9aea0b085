package server_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apiphant/apiphant/server"
)

// stuck is a listener whose Accept is woken and does not return.
type stuck struct {
	*net.TCPListener
	woken chan struct{}
	goOn  chan struct{}
}

func (s *stuck) Accept() (net.Conn, error) {
	conn, err := s.TCPListener.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		select {
		case s.woken <- struct{}{}:
		default:
		}
		<-s.goOn
	}
	return conn, err
}

// TestWatchdog: the service manager hears that the server is alive as long as
// that comes to accept connections, and no longer.
func TestWatchdog(t *testing.T) {
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(t.TempDir(), "notify")})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", manager.LocalAddr().String())
	t.Setenv("WATCHDOG_USEC", "20000")
	hear := func(within time.Duration) string {
		message := make([]byte, 100)
		_ = manager.SetReadDeadline(time.Now().Add(within))
		n, err := manager.Read(message)
		if err != nil {
			return "nothing"
		}
		return string(message[:n])
	}
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stuck{ln.(*net.TCPListener), make(chan struct{}, 1), make(chan struct{})}
	running := startAt(t, s, echo(), &server.Server{})
	if got := hear(patience); got != "READY=1" {
		t.Errorf("got %s first", got)
	}
	wait(t, "the watchdog looks", s.woken)
	if got := hear(100 * time.Millisecond); got != "nothing" {
		t.Errorf("got %s from a server that accepts no connections", got)
	}
	close(s.goOn)
	for range 3 {
		if got := hear(patience); got != "WATCHDOG=1" {
			t.Errorf("got %s, want WATCHDOG=1", got)
		}
	}
	running.dial().wantOpen()
	running.end()
	for got := "WATCHDOG=1"; got != "STOPPING=1"; {
		if got = hear(patience); got != "WATCHDOG=1" && got != "STOPPING=1" {
			t.Fatalf("got %s, want the end", got)
		}
	}
}
