//go:build unix

package serve_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a product that serves as a process of its own, and what it starts.
type process struct {
	t       *testing.T
	command *exec.Cmd
	address string
	log     *processLog
}

// startProcess starts the program as a service is, without a terminal, and
// returns when it says where it serves.
func startProcess(t *testing.T, prepare func(*exec.Cmd), args ...string) *process {
	t.Helper()
	p := launch(t, prepare, args...)
	p.address = p.log.await(`serving .* at http://([^/]*)`)
	return p
}

// launch is startProcess that does not wait.
func launch(t *testing.T, prepare func(*exec.Cmd), args ...string) *process {
	t.Helper()
	if len(args) == 0 {
		args = []string{"127.0.0.1:0"}
	}
	command := exec.Command(os.Args[0], append([]string{"serve"}, args...)...)
	command.Env = append(os.Environ(), childEnv+"=restart", "GORACE=atexit_sleep_ms=0")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p := &process{t: t, command: command, log: newProcessLog(t)}
	command.Stderr = p.log.in
	if prepare != nil {
		prepare(command)
	}
	err := command.Start()
	p.log.in.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range p.pids() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // nothing, unless the test has failed
		}
		_ = command.Wait()
		if t.Failed() {
			t.Logf("the log of %d:\n%s", command.Process.Pid, p.log)
		}
	})
	return p
}

// pids are those of the process and of its successors that the log tells of.
func (p *process) pids() []int {
	pids := []int{p.command.Process.Pid}
	for _, found := range regexp.MustCompile(`The successor serves: process (\d+)`).FindAllStringSubmatch(p.log.String(), -1) {
		pid, _ := strconv.Atoi(found[1])
		pids = append(pids, pid)
	}
	return pids
}

// signal sends a signal to the newest process.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	pids := p.pids()
	if err := syscall.Kill(pids[len(pids)-1], s); err != nil {
		p.t.Fatal(err)
	}
}

// succeed lets the newest process start its successor, and returns when that serves.
func (p *process) succeed() {
	p.t.Helper()
	p.signal(syscall.SIGHUP)
	p.log.await(`The successor serves: process (\d+)`)
}

// wait returns how the process that was started first has ended.
func (p *process) wait() error {
	p.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- p.command.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		p.t.Fatalf("the process has not ended")
		return nil
	}
}

// version returns which version answers a new connection.
func (p *process) version() string {
	http.DefaultClient.CloseIdleConnections()
	return (&running{t: p.t, url: "http://" + p.address}).ask("/api/v0/version/read", "")
}

// awaitVersion returns when a version answers new connections: that before it
// may still accept some for a moment.
func (p *process) awaitVersion(version string) {
	p.t.Helper()
	got, want := "", `200 {"version":"`+version+`"}`
	for deadline := time.Now().Add(patience); got != want; got = p.version() {
		if time.Now().After(deadline) {
			p.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// processLog is the standard error of processes.
type processLog struct {
	t     *testing.T
	in    *os.File
	ended chan struct{} // closed when nobody can write any more

	mu   sync.Mutex
	text []string
	seen int // up to where await has looked
	more chan struct{}
}

func newProcessLog(t *testing.T) *processLog {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := &processLog{t: t, in: in, ended: make(chan struct{}), more: make(chan struct{}, 1)}
	go func() {
		defer out.Close()
		defer close(l.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			l.mu.Lock()
			l.text = append(l.text, lines.Text())
			l.mu.Unlock()
			select {
			case l.more <- struct{}{}:
			default:
			}
		}
	}()
	return l
}

func (l *processLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.text, "\n")
}

// await returns what the group of the pattern matches in the next line that does.
func (l *processLog) await(pattern string) string {
	l.t.Helper()
	expression, deadline, ended := regexp.MustCompile(pattern), time.After(patience), false
	for {
		l.mu.Lock()
		for l.seen < len(l.text) {
			found := expression.FindStringSubmatch(l.text[l.seen])
			l.seen++
			if found != nil {
				l.mu.Unlock()
				return found[len(found)-1]
			}
		}
		l.mu.Unlock()
		if ended {
			l.t.Fatalf("the log ended without a line like %s", pattern)
		}
		select {
		case <-l.more:
		case <-l.ended:
			ended = true
		case <-deadline:
			l.t.Fatalf("the log has no line like %s", pattern)
		}
	}
}

// awaitEnd returns when nobody writes any more: every process has ended.
func (l *processLog) awaitEnd() {
	l.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(patience):
		l.t.Fatal("a process has not ended")
	}
}

// listen makes a listener, and what a process is prepared with that is to take
// it over.
func listen(t *testing.T) (*net.TCPListener, func(*exec.Cmd)) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return ln.(*net.TCPListener), func(command *exec.Cmd) {
		command.Env = append(command.Env, "LISTEN_FDS=1")
		command.ExtraFiles = []*os.File{file}
	}
}

// release makes path lead to a version of the product, as a deployment does.
func release(t *testing.T, path, version string) {
	t.Helper()
	dir := filepath.Join(filepath.Dir(path), version)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	product := filepath.Join(dir, "product")
	if err := errors.Join(os.Symlink(os.Args[0], product), os.Symlink(product, path+".next"), os.Rename(path+".next", path)); err != nil {
		t.Fatal(err)
	}
}

// script puts a program for the shell in place of what is at a path.
func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".next", fmt.Appendf(nil, "#!/bin/sh\n%s\n", text), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".next", path); err != nil {
		t.Fatal(err)
	}
}

// released is what a process is prepared with that is started by that path.
func released(path string) func(*exec.Cmd) {
	return func(command *exec.Cmd) { command.Path, command.Args[0] = path, path }
}
