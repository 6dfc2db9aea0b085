//go:build unix && !linux

package lambdaemulator

import "syscall"

// childAttributes gives a child a process group of its own.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// peakMemory is not known here.
func peakMemory(int) int64 { return 0 }

// isRunning reports whether a process runs, or has not been waited for.
func isRunning(pid int) bool { return syscall.Kill(pid, 0) == nil }
