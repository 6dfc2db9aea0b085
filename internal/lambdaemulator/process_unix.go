//go:build unix

package lambdaemulator

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a program that runs, with a process group of its own.
type process struct {
	command *exec.Cmd
	output  *output
	started time.Time
	exited  chan struct{} // closed when it has ended
	most    atomic.Int64  // the most memory that was seen, in bytes
}

// startProcess starts a program. On Linux it is killed when this process ends.
func startProcess(binary string, env []string, log *lineLog) (*process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	p := &process{command: exec.Command(binary), exited: make(chan struct{}), started: time.Now()}
	p.command.Dir = filepath.Dir(binary)
	p.command.Env = append(env, taskRoot(binary))
	p.command.Stdout, p.command.Stderr = write, write
	p.command.SysProcAttr = childAttributes()
	started := make(chan error)
	go func() {
		// Linux sends the signal when the thread that started the child ends, so
		// this thread must last as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			_ = p.command.Wait() // ending reads the outcome from ProcessState
			p.kill()             // what the process has started
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		read.Close()
		return nil, err
	}
	if p.output, err = newOutput(read, log); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// freeze stops the process and all that it has started; thaw lets them go on.
func (p *process) freeze() { p.signal(syscall.SIGSTOP) }
func (p *process) thaw()   { p.signal(syscall.SIGCONT) }

func (p *process) kill() { p.signal(syscall.SIGKILL) }

// terminate asks the process to end.
func (p *process) terminate() {
	p.signal(syscall.SIGTERM)
	p.signal(syscall.SIGCONT)
}

// alive reports whether the process runs.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return isRunning(p.command.Process.Pid)
	}
}

// signal sends the group a signal, unless the process has ended: its number may be
// another's then.
func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.exited:
	default:
		_ = syscall.Kill(-p.command.Process.Pid, s)
	}
}

// peak returns the most memory that the process had, in bytes; 0: unknown.
func (p *process) peak() int64 {
	if seen := peakMemory(p.command.Process.Pid); seen > p.most.Load() {
		p.most.Store(seen)
	}
	return p.most.Load()
}

// ending says how the process has ended, in Lambda's words.
func (p *process) ending() string {
	if state := p.command.ProcessState; state != nil && !state.Success() {
		return "with error: " + state.String()
	}
	return "without providing a reason"
}

// output reads what a process logs.
type output struct {
	journal
	file   *os.File
	conn   syscall.RawConn
	buffer []byte
	done   sync.WaitGroup
}

func newOutput(file *os.File, log *lineLog) (*output, error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	o := &output{journal: journal{log: log}, file: file, conn: conn, buffer: make([]byte, 32<<10)}
	o.done.Go(func() { _ = conn.Read(func(fd uintptr) bool { return o.read(fd, math.MaxInt) }) }) // until the end, or close
	return o, nil
}

// read takes what can be read without waiting, about limit bytes of it. end is true where
// no more will come.
func (o *output) read(fd uintptr, limit int) (end bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for taken := 0; taken < limit; {
		n, err := syscall.Read(int(fd), o.buffer)
		switch {
		case n > 0:
			o.add(o.buffer[:n])
			taken += n
		case errors.Is(err, syscall.EINTR):
		default:
			return !errors.Is(err, syscall.EAGAIN)
		}
	}
	return false
}

// drain takes what was logged before. It is a pipe's content at most, unless the process
// goes on logging: hence the bound.
func (o *output) drain() { _ = o.conn.Control(func(fd uintptr) { o.read(fd, 1<<20) }) }

func (o *output) close() {
	o.file.Close()
	o.done.Wait()
}
