package serve_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTerminalCloses: a program that serves in a terminal drains and ends when
// that is closed, as at SIGTERM; it does not live on in a successor.
func TestTerminalCloses(t *testing.T) {
	terminal, inside := openTerminal(t)
	p := startProcess(t, func(command *exec.Cmd) {
		command.Stdin = inside
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	})
	inside.Close()
	terminal.Close()
	if err := p.wait(); err != nil {
		t.Errorf("it ended with %v, want 0", err)
	}
	p.log.await("Draining: responses tell clients to go elsewhere")
	p.log.awaitEnd()
}

// openTerminal returns both ends of a new terminal.
func openTerminal(t *testing.T) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	number, err := unix.IoctlGetInt(int(outside.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(outside.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	return outside, inside
}
