package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// process is a server that a scenario has started: the product or nginx.
type process struct {
	address string // HOST:PORT
	command *exec.Cmd
	logFile string
	ended   chan struct{} // closed when it has
	err     error         // the error of Wait; valid once it has ended
}

// startTimeout is how long a process may take until it reports its address.
const startTimeout = 20 * time.Second

// serve starts the product at a free port, and returns when the product has printed
// its address. The process ends with the scenario.
func (l *lab) serve(ctx context.Context, flags ...string) (*process, error) {
	return l.serveAt(ctx, "127.0.0.1:0", nil, flags...)
}

// serveAt is like serve, with an address, or with a listener that the process inherits.
func (l *lab) serveAt(ctx context.Context, address string, listener *os.File, flags ...string) (*process, error) {
	return l.serveBinary(ctx, l.binary, address, listener, flags...)
}

// serveBinary is like serveAt, with another file of the product.
func (l *lab) serveBinary(ctx context.Context, binary, address string, listener *os.File, flags ...string) (*process, error) {
	program := exec.Command(binary, append([]string{"serve", address}, flags...)...)
	program.Env = environment()
	if listener != nil {
		program.Env = append(program.Env, "LISTEN_FDS=1")
		program.ExtraFiles = []*os.File{listener}
	}
	p, err := l.start(program)
	if err != nil {
		return nil, err
	}
	return p, p.awaitServing(ctx)
}

// environment returns the environment without variables that set flags of the product.
func environment() []string {
	var kept []string
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "APIPHANT_") && !strings.HasPrefix(setting, "LISTEN_") && !strings.HasPrefix(setting, "NOTIFY_SOCKET=") {
			kept = append(kept, setting)
		}
	}
	return kept
}

// start starts a program whose output goes to a file of its own.
func (l *lab) start(program *exec.Cmd) (*process, error) {
	log, err := os.CreateTemp(l.folder, "*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	program.Stdout, program.Stderr = log, log
	program.SysProcAttr = attributes()
	p := &process{command: program, logFile: log.Name(), ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// PDEATHSIG kills the child when the thread ends that started it, so the
		// thread must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := program.Start()
		started <- err
		if err == nil {
			p.err = program.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processes = append(l.processes, p)
	return p, nil
}

var serving = regexp.MustCompile(`is serving \S+ at https?://([^/"]+)/`)

func (p *process) awaitServing(ctx context.Context) error {
	return await(ctx, startTimeout, func() error {
		if found := serving.FindStringSubmatch(p.log()); found != nil {
			p.address = found[1]
			return nil
		}
		if !p.alive() {
			line, _, _ := strings.Cut(strings.TrimSpace(p.log()), "\n")
			return permanent{fmt.Errorf("%s: %s", strings.Join(p.command.Args[1:], " "), line)}
		}
		return errors.New("the product doesn't say what it serves")
	})
}

// log returns what the process has written so far.
func (p *process) log() string {
	text, _ := os.ReadFile(p.logFile)
	return string(text)
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill kills the process and waits for its end.
func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

// stopAll kills the remaining processes of a scenario.
func (l *lab) stopAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.processes {
		p.kill()
	}
	l.processes = nil
	for _, pid := range l.descendants() { // successors
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill()
		}
	}
}

// resident returns the resident memory in bytes.
func (p *process) resident() (int64, error) { return p.status("VmRSS") }

// peak returns the peak of the resident memory in bytes.
func (p *process) peak() (int64, error) { return p.status("VmHWM") }

// status returns a size of /proc/PID/status, in bytes: proc_pid_status(5).
func (p *process) status(name string) (int64, error) {
	text, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in %s", name, p.proc("status"))
}

// descriptors returns the number of open file descriptors.
func (p *process) descriptors() (int, error) {
	entries, err := os.ReadDir(p.proc("fd"))
	return len(entries), err
}

func (p *process) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(p.command.Process.Pid), name)
}

// permanent is an error after which waiting is of no use.
type permanent struct{ error }

// await calls ask until it returns nil or a [permanent] error, or the time-out ends;
// then await returns the last error.
func await(ctx context.Context, timeout time.Duration, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		var final permanent
		if err == nil || errors.As(err, &final) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}
