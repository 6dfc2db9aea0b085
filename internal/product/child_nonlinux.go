//go:build unix && !linux

package product

import "syscall"

// childAttributes gives a child a process group of its own, so that a
// terminal's Ctrl-C reaches it once, through its parent.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
