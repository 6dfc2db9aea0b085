//go:build unix

package serve_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

// TestTerminatedUnderLoad: 200 clients ask all the time while the process is
// told to end. Every request that was sent is answered.
func TestTerminatedUnderLoad(t *testing.T) {
	p := startProcess(t, nil)
	clients := load.Start(load.Load{Address: p.address, Clients: 200})
	defer clients.Stop()
	if err := clients.Await(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Errorf("it ended with %v, want 0", err)
	}
	got := clients.Stop()
	t.Log(got)
	if got.Lost+got.Other > 0 {
		t.Errorf("got %s, want none lost", got)
	}
}

// TestSocketHolder: a process that keeps the listener, as systemd does, ends the
// program and starts it anew, three times. Who comes meanwhile waits.
func TestSocketHolder(t *testing.T) {
	ln, inherit := listen(t)
	clients := ask(ln.Addr().String())
	for range 3 {
		p := startProcess(t, inherit, "127.0.0.1:1", "--drain-window", "300ms")
		clients.await(t)
		p.signal(syscall.SIGTERM)
		if err := p.wait(); err != nil {
			t.Errorf("it ended with %v, want 0", err)
		}
	}
	p := startProcess(t, inherit, "127.0.0.1:1", "--drain-window", "300ms")
	clients.await(t)
	clients.stop(t)
	p.signal(syscall.SIGTERM)
	p.log.awaitEnd()
}

// TestKilled: a client sees that the answer is cut, whichever way it ends.
func TestKilled(t *testing.T) {
	p := startProcess(t, nil)
	var answers []*http.Response
	var conns []net.Conn
	for _, action := range []string{"read", "create"} {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(conn, load.Post("/api/v0/large/"+action, "{}"))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if chunked := slices.Equal(answer.TransferEncoding, []string{"chunked"}); chunked != (action == "create") || !chunked && answer.ContentLength != largeAnswer {
			t.Fatalf("%s: got %v and length %d: the test is wrong", action, answer.TransferEncoding, answer.ContentLength)
		}
		answers, conns = append(answers, answer), append(conns, conn)
	}
	fmt.Fprint(conns[0], load.Post("/api/v0/echo/read", "{}")) // and one that is not begun
	p.signal(syscall.SIGKILL)
	for _, answer := range answers {
		n, err := io.Copy(io.Discard, answer.Body)
		if n > largeAnswer/2 || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %d bytes and %v, want at most half and a connection that is closed", n, err)
		}
	}
	if err := p.wait(); err == nil {
		t.Error("it ended with 0, want killed")
	}
}

// TestKilledHTTP10: an answer of unknown length has only the reset to tell that
// it is cut.
func TestKilledHTTP10(t *testing.T) {
	p := startProcess(t, nil)
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, strings.Replace(load.Post("/api/v0/large/create", "{}"), "HTTP/1.1", "HTTP/1.0", 1))
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !answer.Close || answer.ContentLength >= 0 || answer.TransferEncoding != nil {
		t.Fatalf("got length %d and %v: the test is wrong", answer.ContentLength, answer.TransferEncoding)
	}
	if _, err := io.CopyN(io.Discard, answer.Body, largeAnswer/2); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGKILL)
	if n, err := io.Copy(io.Discard, answer.Body); n > 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %d more bytes and %v, want a reset", n, err)
	}
	if err := p.wait(); err == nil {
		t.Error("it ended with 0, want killed")
	}
}

// manager is a service manager that hears what processes tell it.
type manager struct {
	*net.UnixConn
	t *testing.T
}

func startManager(t *testing.T) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "") // a path short enough
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "notify")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &manager{conn, t}
}

// hear returns the next message that is none of those.
func (m *manager) hear(but ...string) string {
	m.t.Helper()
	for message := make([]byte, 1000); ; {
		n, err := m.Read(message)
		if err != nil {
			m.t.Fatalf("the service manager hears nothing more: %v", err)
		}
		if text := string(message[:n]); !slices.Contains(but, text) {
			return text
		}
	}
}

// TestServiceManager hears of a process that is ready, of a restart that fails,
// of one that doesn't, and of the end; and all the time that it lives.
func TestServiceManager(t *testing.T) {
	const alive = "WATCHDOG=1"
	manager := startManager(t)
	path := filepath.Join(t.TempDir(), "product")
	release(t, path, "v0")
	p := startProcess(t, func(command *exec.Cmd) {
		command.Path, command.Args = "/bin/sh", append([]string{"sh", "-c", `WATCHDOG_PID=$$ exec "$0" "$@"`, path}, command.Args[1:]...)
		command.Env = append(command.Env, "NOTIFY_SOCKET="+manager.LocalAddr().String(), "WATCHDOG_USEC=100000")
	})
	want := func(pattern string, but ...string) {
		t.Helper()
		wantMatch(t, pattern, manager.hear(but...))
	}
	want(`^READY=1$`)
	want(`^` + alive + `$`)
	want(`^` + alive + `$`)
	script(t, path, "exit 1")
	p.signal(syscall.SIGHUP)
	want(`^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=$`, alive)
	want(`^STATUS=No successor at 20\S+: .+\nREADY=1$`, alive)
	release(t, path, "v1")
	p.signal(syscall.SIGHUP)
	want(`^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=$`, alive)
	pid := p.log.await(`The successor serves: process (\d+)`)
	want(`^MAINPID=`+pid+`\nREADY=1$`, alive)
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	want(`^` + alive + `$`) // by the successor, perhaps one by that before
	want(`^` + alive + `$`)
	want(`^` + alive + `$`)
	p.signal(syscall.SIGTERM)
	want(`^STOPPING=1$`, alive)
	p.log.awaitEnd()
}

// TestSocketActivation by systemd itself: the program is started by the first
// connection, which it answers.
func TestSocketActivation(t *testing.T) {
	activate, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		t.Skip("systemd-socket-activate is not installed")
	}
	tests := []struct {
		name    string
		sockets int
		want    string
	}{
		{"one socket", 1, `Apiphant is serving .* at http://(127[^/]*)`},
		{"two sockets", 2, `LISTEN_FDS is "2" \(web:other\): want exactly one listener`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			command := exec.Command(activate)
			var addresses []string
			for range tt.sockets {
				address := freeAddress(t)
				addresses = append(addresses, address)
				command.Args = append(command.Args, "-l", address)
			}
			if tt.sockets > 1 {
				command.Args = append(command.Args, "--fdname=web:other")
			}
			command.Args = append(command.Args, "-E", childEnv+"=restart", os.Args[0], "serve", "127.0.0.1:1", "--drain-window", "0")
			p := &process{t: t, command: command, address: addresses[0], log: newProcessLog(t)}
			command.Stderr = p.log.in
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			p.log.in.Close()
			defer p.wait()
			defer p.signal(syscall.SIGTERM)
			p.log.await("Listening on " + strings.ReplaceAll(addresses[len(addresses)-1], ".", `\.`))
			conn, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			fmt.Fprint(conn, load.Post("/api/v0/echo/read", `{"a":1}`))
			if got := p.log.await(tt.want); tt.sockets == 1 && got != p.address {
				t.Errorf("it serves %s, want %s", got, p.address)
			}
			if tt.sockets > 1 {
				return
			}
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); answer.StatusCode != 200 || string(body) != `{"a":1}` {
				t.Errorf("got %s %s and %v", answer.Status, body, err)
			}
		})
	}
}
