package lambdaemulator

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// childAttributes gives a child a process group of its own, and kills it when the thread
// that started it ends.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// peakMemory returns the most memory that a process had, in bytes; 0: it has ended.
func peakMemory(pid int) int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, line, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	line, _, _ = bytes.Cut(line, []byte("kB"))
	kilobytes, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return kilobytes << 10
}

// isRunning reports whether a process runs. One that has ended, and was not waited for, has
// a number, and no memory.
func isRunning(pid int) bool { return peakMemory(pid) > 0 }
