package main

import "syscall"

// attributes makes the kernel kill a process when this one ends. The process is in a
// group of its own, so that Ctrl-C reaches only this one, which cleans up.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
