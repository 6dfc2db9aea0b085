package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// standIn is a process of the new version at a port of its own. It is started before
// any running program is touched: a version that is not healthy there does not go
// live. While it runs, nginx uses it when no other process accepts a connection,
// as during the restart of the only process, or of all by supervisor. Where the
// deployment is killed, it serves on: the finisher ends it, or the next deployment.
type standIn struct {
	command *exec.Cmd
	said    *tail
	ended   chan struct{}
}

// startStandIn starts the program of a release, and returns when it is healthy.
func (d *Deployment) startStandIn(ctx context.Context, release string) (*standIn, error) {
	address := d.Address(d.StandIn)
	if err := d.freeStandIn(ctx, address); err != nil {
		return nil, err
	}
	args := append([]string{"serve", address}, d.serveFlags()...)
	s := &standIn{command: exec.Command(release+"/"+d.Name, args...), said: &tail{}, ended: make(chan struct{})}
	s.command.Dir = d.DataDir()
	s.command.Env = []string{"PATH=" + os.Getenv("PATH")}
	if d.DatabaseFile != "" {
		s.command.Env = append(s.command.Env, "APIPHANT_DATABASE_FILE="+d.DatabaseFile)
	}
	s.command.Stdout, s.command.Stderr = s.said, s.said
	if err := runAs(s.command, d.User()); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	err := d.awaitHealthy(ctx, address, s.state)
	if err == nil {
		_, err = d.quickTest(ctx, address)
	}
	if err != nil {
		s.stop(d.StopTimeout())
		return nil, withLog(err, s.said.String())
	}
	return s, nil
}

func (s *standIn) start() error {
	err := s.command.Start()
	if err == nil {
		go func() {
			_ = s.command.Wait()
			close(s.ended)
		}()
	}
	return err
}

// freeStandIn ends the stand-in of a deployment that was killed. Who calls it has the
// lock, so nobody else needs that. Any other program at the address is an error.
func (d *Deployment) freeStandIn(ctx context.Context, address string) error {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Kill} {
		left := d.standIns(address)
		for _, pid := range left {
			if process, err := os.FindProcess(pid); err == nil {
				_ = process.Signal(signal)
			}
		}
		if len(left) > 0 {
			waitUntil(ctx, d.StopTimeout(), func() bool { return len(d.standIns(address)) == 0 })
		}
	}
	if conn, err := net.DialTimeout("tcp", reachable(address), time.Second); err == nil {
		conn.Close()
		return fmt.Errorf("another program listens at %s: stop it, or set another STAND_IN in %s", address, ConfFile)
	}
	return nil
}

// standIns returns the processes that run a release of the product as its stand-in. One
// that was just started may not listen yet, and one that drains no longer.
func (d *Deployment) standIns(address string) (pids []int) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		executable, err := os.Readlink(folder + "/exe")
		if err != nil || !d.isRelease(executable) {
			continue
		}
		line, _ := os.ReadFile(folder + "/cmdline")
		if args := strings.Split(string(line), "\x00"); len(args) > 2 && args[1] == "serve" && args[2] == address {
			pid, _ := strconv.Atoi(filepath.Base(folder))
			pids = append(pids, pid)
		}
	}
	return pids
}

func (s *standIn) state(context.Context) (starting bool, err error) {
	select {
	case <-s.ended:
		return false, errors.New("it has ended")
	default:
		return false, nil
	}
}

// stop lets the process drain, and kills it after the timeout.
func (s *standIn) stop(timeout time.Duration) {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(timeout):
		_ = s.command.Process.Kill()
		<-s.ended
	}
}

// withLog adds the last lines of a program's log to an error.
func withLog(err error, said string) error {
	if said == "" {
		return err
	}
	return fmt.Errorf("%w. The end of its log:\n%s", err, said)
}

// tail is a writer that keeps the last 64 KiB.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - 64<<10; over > 0 {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return lastLines(string(bytes.TrimSpace(t.kept)), 20)
}
