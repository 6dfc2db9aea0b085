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

// HandOver is the other half of [Listen]: with what another process is started
// that takes a listener over, while this one goes on to accept. The file, which
// the caller closes, becomes its descriptor 3; env is a copy of the one given,
// with the variables that say so, and with ready as the NOTIFY_SOCKET at which
// it tells that it serves (READY=1). After that it speaks with the service
// manager that env had.
//
// Where this process alone has the listener, so will the other one: this one
// must leave it then (see [ErrHandedOver]), or end the other.
func HandOver(ln net.Listener, env []string, ready string) (file *os.File, forSuccessor []string, err error) {
	system, ok := ln.(syscall.Conn)
	if !ok {
		return nil, nil, fmt.Errorf("a %T can't be handed over", ln)
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	failure := raw.Control(func(fd uintptr) { file, err = duplicate(int(fd)) })
	if failure != nil || err != nil {
		return nil, nil, fmt.Errorf("can't hand the listener over: %w", cmp.Or(failure, err))
	}
	manager, watched := "", true
	env = slices.DeleteFunc(slices.Clone(env), func(setting string) bool {
		name, value, _ := strings.Cut(setting, "=")
		switch name {
		case "NOTIFY_SOCKET":
			manager = value
			return true
		case "WATCHDOG_PID": // this process's: it will be the other one's turn
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

// duplicate leaves the descriptor non-blocking, which is the socket's own
// property: File of package net would make Accept of this process block in the
// system, where nothing could wake it.
func duplicate(fd int) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	copied, err := syscall.Dup(fd)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), "listener"), nil
}
