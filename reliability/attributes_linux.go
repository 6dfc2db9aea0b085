package main

import "syscall"

// attributes lets a process end with this one, and not with the terminal's
// Ctrl-C, which this one heeds.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
