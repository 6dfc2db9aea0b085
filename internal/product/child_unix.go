//go:build unix

package product

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is one running program.
type child struct {
	command *exec.Cmd
	binary  os.FileInfo // as it was when it was started
	socket  *net.UnixConn
	ready   time.Duration
	told    bool // it got a signal to end
}

// childEvent is something that became of a child.
type childEvent struct {
	child  *child
	what   event
	status int // where it ended
}

type event int

const (
	ready event = iota // it said so
	late               // it didn't in time
	ended              // and was waited for
)

// listenReady makes the socket to which a child says that it is ready.
func listenReady(path string) (*net.UnixConn, error) {
	return net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
}

func newChild(binary string, options ReloadOptions, listener *os.File, socket *net.UnixConn) *child {
	command := exec.Command(binary, options.Args...)
	env := options.Env
	if env == nil {
		env = os.Environ()
	}
	env = slices.DeleteFunc(slices.Clone(env), func(setting string) bool {
		return strings.HasPrefix(setting, "LISTEN_") || strings.HasPrefix(setting, "NOTIFY_SOCKET=")
	})
	command.Env = append(env, "LISTEN_FDS=1", "NOTIFY_SOCKET="+socket.LocalAddr().String())
	command.ExtraFiles = []*os.File{listener} // becomes descriptor 3
	command.Stdout, command.Stderr = options.Stdout, options.Stderr
	command.SysProcAttr = childAttributes()
	command.WaitDelay = time.Second // for what the program's own children still hold open
	return &child{command: command, socket: socket, ready: options.Ready}
}

// run starts the child and returns. Events are reported from goroutines that
// end with the child; the last event is that it ended.
func (c *child) run(group *sync.WaitGroup, report func(childEvent)) error {
	started := make(chan error)
	group.Go(func() {
		// Pdeathsig counts from the thread that started the child: it must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.binary, _ = os.Stat(c.command.Path)
		err := c.command.Start()
		started <- err
		if err != nil {
			return
		}
		_ = c.command.Wait() // its state says it all
		c.socket.Close()
		report(childEvent{c, ended, c.status()})
	})
	if err := <-started; err != nil {
		return err
	}
	group.Go(func() { c.awaitReady(report) })
	return nil
}

// awaitReady reports that the child is ready, or not in time; nothing where it
// ended before.
func (c *child) awaitReady(report func(childEvent)) {
	message := make([]byte, 4096)
	_ = c.socket.SetReadDeadline(time.Now().Add(c.ready))
	for {
		n, err := c.socket.Read(message)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			report(childEvent{child: c, what: late})
			return
		case err != nil:
			return
		}
		if slices.ContainsFunc(bytes.Split(message[:n], []byte("\n")), func(line []byte) bool { return string(line) == "READY=1" }) {
			report(childEvent{child: c, what: ready})
			return
		}
	}
}

// signal sends the child a signal; the one to end only once, since the second
// one kills.
func (c *child) signal(s syscall.Signal) {
	if s != syscall.SIGKILL && c.told {
		return
	}
	c.told = true
	_ = c.command.Process.Signal(s) // it may have ended
}

// runs reports whether the child runs that file as it is now.
func (c *child) runs(binary string) bool {
	info, err := os.Stat(binary)
	return err == nil && c.binary != nil && os.SameFile(info, c.binary)
}

// status returns how the child ended, as a shell would.
func (c *child) status() int {
	state := c.command.ProcessState
	if wait, ok := state.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return 128 + int(wait.Signal())
	}
	return state.ExitCode()
}
