package product

import "syscall"

// childAttributes gives a child a process group of its own, so that a
// terminal's Ctrl-C reaches it once, through its parent; and SIGTERM should the
// parent be killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
