//go:build unix

package server

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// HandOver prepares to start another process that takes a listener over by
// [Listen], while this one goes on accepting. The other process must be started
// with file as its descriptor 3 and with the environment forSuccessor; the caller
// closes file. forSuccessor is env with the variables of sd_listen_fds(3), and
// with ready as the NOTIFY_SOCKET, to which the other process sends READY=1 once
// it serves. From then on the other process notifies the service manager of env.
//
// Where no third process has the listener, the other process takes it for its
// own. So this process must then leave it (see [ErrHandedOver]), or end the other.
func HandOver(ln net.Listener, env []string, ready string) (file *os.File, forSuccessor []string, err error) {
	system, ok := ln.(syscall.Conn)
	if !ok {
		return nil, nil, fmt.Errorf("a %T can't be handed over", ln)
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	copied := -1
	failure := raw.Control(func(fd uintptr) { copied, err = duplicate(int(fd)) })
	if failure != nil || err != nil {
		return nil, nil, fmt.Errorf("can't hand the listener over: %w", cmp.Or(failure, err))
	}
	file = os.NewFile(uintptr(copied), "listener")
	manager, watched := "", true
	env = slices.DeleteFunc(slices.Clone(env), func(setting string) bool {
		name, value, _ := strings.Cut(setting, "=")
		switch name {
		case "NOTIFY_SOCKET":
			manager = value
			return true
		case "WATCHDOG_PID": // of this process: the other one is watched from then on
			watched = value == strconv.Itoa(os.Getpid())
			return true
		}
		return strings.HasPrefix(name, "LISTEN_")
	})
	if !watched {
		env = slices.DeleteFunc(env, func(setting string) bool { return strings.HasPrefix(setting, "WATCHDOG_USEC=") })
	}
	env = append(env, "LISTEN_FDS=1", "NOTIFY_SOCKET="+ready, nextNotifySocket+"="+manager)
	if isSole(ln) {
		env = append(env, "LISTEN_FDNAMES="+soleName)
	}
	return file, env, nil
}

// duplicate returns a copy of a descriptor. It is done here since File of package
// net makes the socket blocking, for this process, too: its Accept would block in
// the system, and nothing could wake it.
func duplicate(fd int) (copied int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if copied, err = syscall.Dup(fd); err == nil {
		syscall.CloseOnExec(copied)
	}
	return copied, err
}
