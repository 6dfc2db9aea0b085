//go:build unix

package deploy

import (
	"errors"
	"io"
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
	endWithParent(command.SysProcAttr)
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

// lock locks a folder. It does not wait: if another deployment has the lock, it
// returns an error. Closing the file, or the end of the process, releases the lock.
func lock(folder string) (io.Closer, error) {
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return locked{file}, nil
}

// locked is a folder with a lock.
type locked struct{ *os.File }

// Close releases the lock, also where a process that is just being started still has a
// copy of the descriptor.
func (l locked) Close() error {
	return errors.Join(syscall.Flock(int(l.Fd()), syscall.LOCK_UN), l.File.Close())
}

// isAlive reports whether a process with this id exists.
func isAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}
