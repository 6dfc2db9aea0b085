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

// child is a process that runs the product's program.
type child struct {
	command *exec.Cmd
	binary  os.FileInfo   // of the program's file at the start
	socket  *net.UnixConn // NOTIFY_SOCKET
	ready   time.Duration // how long it may take to become ready
	told    bool          // it was sent a signal that ends it
}

// childEvent is a change in the state of a child.
type childEvent struct {
	child  *child
	what   event
	status int // the exit status, if what is ended
}

type event int

const (
	ready event = iota // it sent READY=1
	late               // it did not send READY=1 in time
	ended              // the process has ended
)

// listenReady opens the socket at which a child reports that it is ready:
// sd_notify(3).
func listenReady(path string) (*net.UnixConn, error) {
	return net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
}

// newChild prepares a child that inherits listener. It does not start it.
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
	command.WaitDelay = time.Second // the program's own children may keep its output open
	return &child{command: command, socket: socket, ready: options.Ready}
}

// run starts the child and returns. report is called by goroutines in group, which
// end when the child ends. The last event is ended.
func (c *child) run(group *sync.WaitGroup, report func(childEvent)) error {
	started := make(chan error)
	group.Go(func() {
		// Linux sends Pdeathsig when the thread that started the child ends, so
		// this thread must last as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.binary, _ = os.Stat(c.command.Path)
		err := c.command.Start()
		started <- err
		if err != nil {
			return
		}
		_ = c.command.Wait() // status reads the outcome from ProcessState
		c.socket.Close()
		report(childEvent{c, ended, c.status()})
	})
	if err := <-started; err != nil {
		return err
	}
	group.Go(func() { c.awaitReady(report) })
	return nil
}

// awaitReady reports whether the child became ready in time. It reports nothing if
// the child ends before.
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

// signal sends the child a signal. It sends only one signal that ends the child
// gracefully, since a second one would kill it. SIGKILL is always sent.
func (c *child) signal(s syscall.Signal) {
	if s != syscall.SIGKILL && c.told {
		return
	}
	c.told = true
	_ = c.command.Process.Signal(s) // fails only if the child has ended
}

// runs reports whether the child was started from the file that is at this path now.
func (c *child) runs(binary string) bool {
	info, err := os.Stat(binary)
	return err == nil && c.binary != nil && os.SameFile(info, c.binary)
}

// status returns the exit status of the child in a shell's form: 128 plus the number
// of the signal if one ended it.
func (c *child) status() int {
	state := c.command.ProcessState
	if wait, ok := state.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return 128 + int(wait.Signal())
	}
	return state.ExitCode()
}
