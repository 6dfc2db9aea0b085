//go:build unix

package serve

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"github.com/apiphant/apiphant/server"
)

const (
	successorTimeout = time.Minute     // for a successor to be ready
	successorGrace   = 5 * time.Second // for one that was not, to end
)

var errEndedWell = errors.New("exit status 0")

// succession starts, at each SIGHUP, the process that takes the place of this one.
type succession struct {
	path     string         // of the program to start, which may be a new version by then
	hangups  chan os.Signal // each SIGHUP
	timeout  time.Duration  // for the successor to be ready
	listener net.Listener
	log      *slog.Logger
}

// succession begins to receive SIGHUP. It returns nil where the process has a
// terminal, since a terminal that closes sends SIGHUP to end the process.
func (d Door) succession() *succession {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY, 0)
	if err == nil {
		terminal.Close()
	}
	if err == nil || signal.Ignored(syscall.SIGHUP) {
		return nil
	}
	s := &succession{path: ownPath(), hangups: make(chan os.Signal, 1), timeout: cmp.Or(d.successorTimeout, successorTimeout)}
	signal.Notify(s.hangups, syscall.SIGHUP)
	return s
}

// await starts a successor at each SIGHUP, and calls end with
// [server.ErrHandedOver] once one serves. It logs the failure of a successor that
// never serves, and this process goes on. The function that it returns cancels ctx
// and waits until no successor is starting any more.
func (s *succession) await(ctx context.Context, ln net.Listener, log *slog.Logger, end context.CancelCauseFunc) (wait func()) {
	if s == nil {
		return func() {}
	}
	s.listener, s.log = ln, log
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.run(ctx) {
			end(server.ErrHandedOver)
		}
	}()
	return func() {
		end(nil)
		<-done
	}
}

// ownPath returns the path by which the process was started, as long as this program
// is there: the path may lead through a symbolic link that names another release
// later.
func ownPath() string {
	self, err := os.Executable()
	path, failure := exec.LookPath(os.Args[0])
	if err != nil || failure != nil {
		return self
	}
	own, err := os.Stat(self)
	named, failure := os.Stat(path)
	absolute, unknown := filepath.Abs(path)
	if err != nil || failure != nil || unknown != nil || !os.SameFile(own, named) {
		return self
	}
	return absolute
}

// run waits for SIGHUP, and reports whether a successor serves; false: ctx has ended.
func (s *succession) run(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-s.hangups:
		}
		s.log.Info("SIGHUP: starting a successor: " + s.path)
		s.notify(reloading())
		successor, err := s.start(ctx)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			s.log.Error("There is no successor, and this process serves on: " + err.Error())
			s.notify(failed(err) + "\n" + daemon.SdNotifyReady)
			continue
		}
		s.log.Info(fmt.Sprintf("The successor serves: process %d", successor.Pid))
		s.notify(fmt.Sprintf("MAINPID=%d\n%s", successor.Pid, daemon.SdNotifyReady))
		select {
		case again := <-s.hangups: // came meanwhile, for what may be newer still
			_ = successor.Signal(again)
		default:
		}
		return true
	}
}

// start starts a successor and waits until it is ready. A successor that is not ready
// in time, or before ctx ends, has ended when start returns.
func (s *succession) start(ctx context.Context) (*os.Process, error) {
	if os.Getpid() == 1 {
		return nil, errors.New("this is process 1, with whose end all others are killed: restart the container in its place")
	}
	dir, err := os.MkdirTemp(temporary(), "apiphant-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	notifications, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "ready")})
	if err != nil {
		return nil, err
	}
	defer notifications.Close()
	file, env, err := server.HandOver(s.listener, os.Environ(), notifications.LocalAddr().String())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	command := exec.Command(s.path, os.Args[1:]...)
	command.Env, command.ExtraFiles = env, []*os.File{file}
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		return nil, err
	}
	return command.Process, s.isReady(ctx, command, notifications)
}

// isReady waits for the command to say that it is ready, and returns nil then.
func (s *succession) isReady(ctx context.Context, command *exec.Cmd, notifications *net.UnixConn) error {
	ended, ready := make(chan error, 1), make(chan error, 1)
	go func() { ended <- command.Wait() }()
	go func() { ready <- receiveReady(notifications) }()
	late := time.NewTimer(s.timeout)
	defer late.Stop()
	select {
	case err := <-ready:
		if err == nil {
			return nil
		}
		endProcess(command.Process, ended)
		return err
	case err := <-ended:
		return fmt.Errorf("it ended before it was ready: %w", cmp.Or(err, errEndedWell))
	case <-late.C:
		endProcess(command.Process, ended)
		return fmt.Errorf("it was not ready within %s, and was ended", s.timeout)
	case <-ctx.Done():
		endProcess(command.Process, ended)
		return ctx.Err()
	}
}

func receiveReady(notifications *net.UnixConn) error {
	message := make([]byte, 4096)
	for {
		n, err := notifications.Read(message)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(bytes.Split(message[:n], []byte("\n")), func(line []byte) bool { return string(line) == daemon.SdNotifyReady }) {
			return nil
		}
	}
}

// endProcess sends a process SIGTERM, and after successorGrace SIGKILL. It returns when
// the process has ended.
func endProcess(process *os.Process, ended <-chan error) {
	_ = process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(successorGrace):
		_ = process.Kill()
		<-ended
	}
}

// temporary returns a folder for a socket: the path of a socket can't have more than
// about 100 bytes.
func temporary() string {
	if len(os.TempDir()) > 60 {
		return "/tmp"
	}
	return os.TempDir()
}

func (s *succession) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("Can't notify the service manager: " + err.Error())
	}
}

// failed returns the status that systemctl shows until the next SIGHUP. It has the
// time, so that the failure can be told from an earlier one.
func failed(err error) string {
	return fmt.Sprintf("STATUS=No successor at %s: %s", time.Now().Format(time.RFC3339Nano), strings.Join(strings.Fields(err.Error()), " "))
}

// reloading returns the message that Type=notify-reload wants before a reload.
func reloading() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return daemon.SdNotifyReloading + "\nSTATUS="
	}
	return fmt.Sprintf("%s\nMONOTONIC_USEC=%d\nSTATUS=", daemon.SdNotifyReloading, now.Nano()/1000)
}
