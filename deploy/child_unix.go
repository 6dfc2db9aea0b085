//go:build unix

package deploy

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// lookup returns the ids of a user and of its group.
func lookup(name string) (uid, gid int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

// runAs makes a command run as another user, or as the present one if name is "".
func runAs(command *exec.Cmd, name string) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must not end it
	if name == "" {
		return nil
	}
	uid, gid, err := lookup(name)
	if err != nil {
		return err
	}
	command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return nil
}

// detach makes a command run in a session of its own, which outlives the terminal.
func detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// lock locks a folder. It does not wait: if another process has the lock, it returns
// [errLocked]. [unlock] releases the lock, or the end of all processes that have the file.
func lock(folder string) (*os.File, error) {
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if err == syscall.EWOULDBLOCK {
			err = errLocked
		}
		return nil, err
	}
	return file, nil
}

// unlock releases a lock, also where another process still has a copy of the descriptor.
func unlock(file *os.File) error {
	return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
}

// isAlive reports whether a process with this id exists.
func isAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}
