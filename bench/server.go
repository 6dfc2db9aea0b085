package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/apiphant/apiphant/bench/message"
)

// server is a peer's process.
type server struct {
	peer    peer
	address string // HOST:PORT
	command *exec.Cmd
	ended   chan struct{} // closed when it has
}

// startTimeout is how long a process may take until it answers.
const startTimeout = 20 * time.Second

// serve starts a peer on cores, and returns when its answers are right.
func (l *lab) serve(ctx context.Context, p peer, cores ...int) (*server, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	command, err := p.start(l, address)
	if err != nil {
		return nil, err
	}
	s := &server{peer: p, address: address, command: command, ended: make(chan struct{})}
	if err := l.start(s, cores); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return s, nil
}

// start starts the process from a thread that is bound to the cores. The process
// inherits them, and Go sets GOMAXPROCS to their number.
func (l *lab) start(s *server, cores []int) error {
	log, err := os.Create(filepath.Join(l.folder, s.peer.name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.command.Stdout, s.command.Stderr = log, log
	s.command.SysProcAttr = attributes()
	s.command.SysProcAttr.Setpgid, s.command.SysProcAttr.Setsid = false, true // a scheduling group of its own: sched(7), "The autogroup feature"
	started := make(chan error)
	go func() {
		// The thread is not unlocked, so that it ends with the goroutine, and its
		// cores with it. It must stay until then: its end kills the child.
		runtime.LockOSThread()
		err := pin(cores...)
		if err == nil {
			err = s.command.Start()
		}
		started <- err
		if err == nil {
			_ = s.command.Wait() // it is killed
			close(s.ended)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers = append(l.servers, s)
	return nil
}

// attributes makes the kernel kill a process when the thread ends that started it. The
// process is in a group of its own, so that Ctrl-C reaches only this one.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// pin binds the calling thread to cores.
func pin(cores ...int) error {
	var set unix.CPUSet
	for _, core := range cores {
		set.Set(core)
	}
	return unix.SchedSetaffinity(0, &set)
}

func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// stop ends the process. It may be called again.
func (s *server) stop() {
	_ = s.command.Process.Kill() // it may have ended
	<-s.ended
}

// await repeats a request until the answer is right.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.check(ctx, message.Small())
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return errors.New("it ended at its start")
		case <-ctx.Done():
			return err
		}
	}
}

func (s *server) path() string { return cmp.Or(s.peer.path, echoPath) }

// check returns an error unless the answer is the request's object with "server".
func (s *server) check(ctx context.Context, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+s.path(), strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %.200s", answer.Status, text)
	}
	if s.peer.name == limit.name {
		return nil
	}
	return compare(body, text)
}

// compare returns an error unless an answer is the request's object with "server".
func compare(request string, answer []byte) error {
	var got, want map[string]any
	if err := json.Unmarshal([]byte(request), &want); err != nil {
		return err
	}
	if err := json.Unmarshal(bytes.TrimSpace(answer), &got); err != nil {
		return fmt.Errorf("%w: %.200s", err, answer)
	}
	want["server"] = message.Server
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("other work: got %.200s for %.200s", answer, request)
	}
	return nil
}

// cpu returns the processor time of the process: the sum of the first numbers of its
// threads' schedstat (Documentation/scheduler/sched-stats.rst).
func (s *server) cpu() (total time.Duration, err error) {
	threads, err := filepath.Glob(s.proc("task/*/schedstat"))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("%s: no threads in /proc: %v", s.peer.name, err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended since
		}
		first, _, _ := strings.Cut(string(text), " ")
		spent, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", thread, err)
		}
		total += time.Duration(spent)
	}
	return total, nil
}

// resident returns the resident memory in bytes: see proc_pid_status(5).
func (s *server) resident() (int64, error) {
	text, err := os.ReadFile(s.proc("status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("%s: no VmRSS", s.peer.name)
}

func (s *server) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(s.command.Process.Pid), name)
}
