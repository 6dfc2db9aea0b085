//go:build unix

package serve_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

// crowd asks a server in every way that restarts could hurt: on connections that
// are always busy, on some that are idle now and then, and on a new one for
// every request.
type crowd []*load.Running

func ask(address string) crowd { return askEvery(0, address) }

// askEvery is ask with a pause between the requests of those clients that have none in
// ask, where the test takes long and their connections need not be always busy.
func askEvery(pause time.Duration, address string) crowd {
	return crowd{
		load.Start(load.Load{Address: address, Clients: 10, Pause: pause}),
		load.Start(load.Load{Address: address, Clients: 40, Pause: 100 * time.Millisecond}),
		load.Start(load.Load{Address: address, Clients: 5, PerConnection: 1, Pause: 5 * time.Millisecond}),
	}
}

// await returns when some more requests of each way are answered.
func (c crowd) await(t *testing.T) {
	t.Helper()
	for _, running := range c {
		if err := running.Await(t.Context(), 50); err != nil {
			t.Error(err)
		}
	}
}

func (c crowd) stop(t *testing.T) {
	t.Helper()
	for _, running := range c {
		got := running.Stop()
		t.Log(got)
		if got.Failed() > 0 || got.OK == 0 {
			t.Errorf("got %s, want only ok", got)
		}
	}
}

// TestSuccessors: three restarts under load by SIGHUP lose nothing, and each
// successor is what is at the program's path by then.
func TestSuccessors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "product")
	release(t, path, "v0")
	p := startProcess(t, released(path))
	clients := ask(p.address)
	for _, version := range []string{"v1", "v2", "v3"} {
		clients.await(t)
		release(t, path, version)
		p.succeed()
		p.awaitVersion(version)
	}
	if err := p.wait(); err != nil {
		t.Errorf("the first ended with %v, want 0", err)
	}
	clients.await(t)
	clients.stop(t)
	p.signal(syscall.SIGTERM)
	p.log.awaitEnd()
}

// TestPredecessorFinishes what it has begun, even when everything is told to end
// by then, and does not send clients away from an address that is served.
func TestPredecessorFinishes(t *testing.T) {
	p := startProcess(t, nil)
	dial := func() (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(patience))
		return conn, bufio.NewReader(conn)
	}
	receive := func(in *bufio.Reader, want string) {
		t.Helper()
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if got := fmt.Sprint(answer.StatusCode, " ", string(body)); got != want || err != nil || !answer.Close {
			t.Errorf("got %s, %v, closing: %t; want %s and to close", got, err, answer.Close, want)
		}
	}
	half, halfIn := dial()
	idle, idleIn := dial()
	fmt.Fprint(half, "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 7\r\n")
	fmt.Fprint(idle, "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n")
	if answer, err := http.ReadResponse(idleIn, nil); err != nil || answer.ContentLength != 2 {
		t.Fatalf("got %v and %v", answer, err)
	}
	_, _ = idleIn.Discard(2)
	p.succeed()
	p.log.await("Draining: another process has taken over")
	fmt.Fprint(idle, "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
	receive(idleIn, `200 {"status":"ok"}`)
	for _, pid := range p.pids() {
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
	p.log.await("Draining: responses tell clients to go elsewhere")
	fmt.Fprint(half, "\r\n{\"a\":1}")
	receive(halfIn, `200 {"a":1}`)
	if err := p.wait(); err != nil {
		t.Errorf("it ended with %v, want 0", err)
	}
	p.log.awaitEnd()
}

// TestSuccessorFails: what does not come to serve leaves the process serving
// that was to be replaced, which says why, and can be replaced later.
func TestSuccessorFails(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	path := filepath.Join(t.TempDir(), "product")
	release(t, path, "v0")
	p := startProcess(t, func(command *exec.Cmd) {
		released(path)(command)
		command.Env = append(command.Env, patienceEnv+"=5s")
	})
	clients := askEvery(20*time.Millisecond, p.address)
	tests := []struct{ name, program, why string }{
		{"ends", "echo 'no luck' >&2; exit 3", "it ended before it was ready: exit status 3"},
		{"ends well", "exit 0", "it ended before it was ready: exit status 0"},
		{"hangs", "exec sleep 60", "it was not ready within 5s, and was ended"},
		{"is none", "", "fork/exec .*: no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script(t, path, tt.program)
			if tt.program == "" {
				_ = os.Remove(path)
			}
			p.signal(syscall.SIGHUP)
			p.log.await("ERROR .* There is no successor, and this process serves on: " + tt.why)
			clients.await(t)
			if got, want := p.version(), `200 {"version":"v0"}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	release(t, path, "v1")
	p.succeed()
	if err := p.wait(); err != nil {
		t.Errorf("it ended with %v, want 0", err)
	}
	clients.stop(t)
	p.signal(syscall.SIGTERM)
	p.log.awaitEnd()
}

// TestSignalsDuringSuccession: the end comes first, and takes along a successor
// that is still starting; a second wish for a successor goes on to the first.
func TestSignalsDuringSuccession(t *testing.T) {
	path := filepath.Join(t.TempDir(), "product")
	started := path + ".started"
	t.Run("end", func(t *testing.T) {
		release(t, path, "v0")
		p := startProcess(t, released(path))
		script(t, path, "echo it starts >&2; exec sleep 60")
		p.signal(syscall.SIGHUP)
		p.log.await("it starts")
		p.signal(syscall.SIGTERM)
		if err := p.wait(); err != nil {
			t.Errorf("it ended with %v, want 0", err)
		}
		p.log.awaitEnd()
	})
	t.Run("hangup", func(t *testing.T) {
		release(t, path, "v1")
		p := startProcess(t, released(path))
		script(t, path, "echo it starts >&2; until [ -e '"+started+"' ]; do sleep 0.01; done; exec '"+path+`.new' "$@"`)
		release(t, path+".new", "v2")
		p.signal(syscall.SIGHUP)
		p.log.await("it starts")
		p.signal(syscall.SIGHUP)
		if err := os.WriteFile(started, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		p.log.await(`The successor serves: process (\d+)`)
		p.log.await(`The successor serves: process (\d+)`)
		p.signal(syscall.SIGTERM)
		p.log.awaitEnd()
	})
}

// TestHangupIgnored: a program that was started with nohup hears none.
func TestHangupIgnored(t *testing.T) {
	p := startProcess(t, func(command *exec.Cmd) {
		command.Path, command.Args = "/bin/sh", append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, command.Args...)
	})
	p.signal(syscall.SIGHUP)
	if got, want := p.version(), `200 {"version":"."}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Errorf("it ended with %v, want 0", err)
	}
	p.log.awaitEnd()
	if log := p.log.String(); strings.Contains(log, "SIGHUP") {
		t.Errorf("it has heard: %s", log)
	}
}
