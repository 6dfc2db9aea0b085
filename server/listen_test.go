package server_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/server"
)

func TestParseAddress(t *testing.T) {
	tests := []struct{ address, want, err string }{
		{"127.0.0.1:8001", "127.0.0.1:8001", ""},
		{"localhost:80", "localhost:80", ""},
		{"[::1]:8001", "[::1]:8001", ""},
		{"::1:8001", "[::1]:8001", ""},
		{":::8001", "[::]:8001", ""},
		{"[::]:0", "[::]:0", ""},
		{"fe80::1%eth0:8001", "[fe80::1%eth0]:8001", ""},
		{":8001", ":8001", ""},
		{"127.0.0.1:0", "127.0.0.1:0", ""},
		{"127.0.0.1:65535", "127.0.0.1:65535", ""},
		{"", "", "want HOST:PORT"},
		{"8001", "", "want HOST:PORT"},
		{"localhost", "", "want HOST:PORT"},
		{"localhost:", "", "want a port"},
		{"localhost:http", "", "want a port"},
		{"localhost:65536", "", "want a port"},
		{"localhost:-1", "", "want a port"},
		{"localhost:+80", "", "want a port"},
		{"localhost:080", "", "want a port"},
		{"[::1:8001", "", "bracket"},
		{"::1]:8001", "", "is not a host"},
		{"http://localhost:80", "", "is not a host"},
		{"local host:80", "", "is not a host"},
		{"127.0.0.1:80:90", "", "is not a host"},
		{"[localhost]:80", "", "is not a host"},
	}
	for _, tt := range tests {
		got, err := server.ParseAddress(tt.address)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: got %q and %v, want %q and %q", tt.address, got, err, tt.want, tt.err)
		}
	}
}

func TestListen(t *testing.T) {
	taken, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if strings.HasSuffix(taken.Addr().String(), ":0") {
		t.Errorf("port 0 gave %s", taken.Addr())
	}
	tests := []struct{ address, err string }{
		{taken.Addr().String(), "127.0.0.1:" + fmt.Sprint(taken.Addr().(*net.TCPAddr).Port) + " is taken: another program listens there; stop it, or choose another port (0 takes a free one)"},
		{"nonsense", `address "nonsense": want HOST:PORT, such as 127.0.0.1:8001`},
		{"192.0.2.1:8001", "can't listen at 192.0.2.1:8001: "}, // TEST-NET-1 is nobody's
	}
	for _, tt := range tests {
		ln, err := server.Listen(tt.address)
		if err == nil {
			ln.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want %s", tt.address, err, tt.err)
		}
	}
}

func TestListenIPv6(t *testing.T) {
	ln, err := server.Listen("::1:0")
	if err != nil {
		t.Skipf("there is no IPv6 here: %v", err)
	}
	if got := startAt(t, ln, echo(), &server.Server{}).dial().ask(post("/api/v0/echo/read", "")); got.String() != "200 {}" {
		t.Errorf("got %v", got)
	}
}

// shortListener has no descriptors for the first clients.
type shortListener struct {
	net.Listener
	failures atomic.Int32
}

func (l *shortListener) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

func TestShortageDoesNotEndTheServer(t *testing.T) {
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	short := &shortListener{Listener: ln}
	short.failures.Store(3)
	running := startAt(t, short, echo(), &server.Server{})
	running.dial().wantOpen()
	if got := strings.Count(running.log.String(), "Can't accept a connection"); got != 3 {
		t.Errorf("got %d lines about it, want 3: %s", got, running.log)
	}
}

// childEnv tells the test binary to be the server that TestErrHandedOver starts.
const childEnv = "APIPHANT_TEST_CHILD"

// soleEnv lets it only say whether it takes the listener for its own alone.
const soleEnv = "APIPHANT_TEST_SOLE"

func TestMain(m *testing.M) {
	if address := os.Getenv(childEnv); address != "" {
		os.Exit(child(address))
	}
	os.Exit(m.Run())
}

// child serves until its standard input ends.
func child(address string) int {
	ln, err := server.Listen(address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if os.Getenv("LISTEN_FDS") != "" {
		fmt.Fprintln(os.Stderr, "LISTEN_FDS is left for others")
		return 1
	}
	if os.Getenv(soleEnv) != "" {
		fmt.Println(server.IsSole(ln))
		return 0
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	if err := (&server.Server{API: echo(), DrainWindow: -1}).Serve(ctx, ln); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestErrHandedOver gives a process its listener in LISTEN_FDS form, and hears what
// it tells the service manager.
func TestErrHandedOver(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	address := ln.Addr().String()
	ln.Close() // the child alone has it now

	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(t.TempDir(), "notify")})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	_ = manager.SetDeadline(time.Now().Add(patience))

	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), childEnv+"=127.0.0.1:1", "LISTEN_FDS=1", "NOTIFY_SOCKET="+manager.LocalAddr().String())
	command.ExtraFiles = []*os.File{file}
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	hear := func(want string) {
		t.Helper()
		message := make([]byte, 100)
		n, err := manager.Read(message)
		if got := string(message[:n]); got != want {
			t.Errorf("the service manager hears %q and %v, want %q", got, err, want)
		}
	}
	hear("READY=1")
	(&running{t: t, address: address}).dial().wantOpen()
	stdin.Close()
	hear("STOPPING=1")
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

// TestErrHandedOverWrong: what can't be taken over is an error that says so.
func TestErrHandedOverWrong(t *testing.T) {
	tests := []struct {
		name string
		env  []string
		want string
	}{
		{"two listeners", []string{"LISTEN_FDS=2"}, `LISTEN_FDS is "2": want exactly one listener`},
		{"no listener", []string{"LISTEN_FDS=1"}, "the inherited descriptor 3 is no listener: "},
		{"of another process", []string{"LISTEN_FDS=1", "LISTEN_PID=1"}, "127.0.0.1:1"}, // listens itself, in vain
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if os.Getuid() == 0 && tt.name == "of another process" {
				t.Skip("root may listen at port 1")
			}
			file, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(append(os.Environ(), childEnv+"=127.0.0.1:1"), tt.env...)
			command.ExtraFiles = []*os.File{file}
			out, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.want) {
				t.Errorf("got %v and %s, want %s", err, out, tt.want)
			}
		})
	}
}

// TestSoleListener: a listener that comes from somebody else may be theirs, too,
// and must not be made to refuse connections, unless they said that they leave it.
func TestSoleListener(t *testing.T) {
	tests := []struct {
		name string
		env  []string
		want string
	}{
		{"its own", nil, "true"},
		{"inherited", []string{"LISTEN_FDS=1"}, "false"},
		{"inherited by a name", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"}, "false"},
		{"left to it", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=sole"}, "true"},
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(append(os.Environ(), childEnv+"=127.0.0.1:0", soleEnv+"=1", "GORACE=atexit_sleep_ms=0"), tt.env...)
			command.ExtraFiles = []*os.File{file}
			if out, err := command.CombinedOutput(); strings.TrimSpace(string(out)) != tt.want {
				t.Errorf("got %s and %v, want %s", out, err, tt.want)
			}
		})
	}
}
