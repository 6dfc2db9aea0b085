//go:build unix

package server

import (
	"math"
	"syscall"
)

// maxDescriptors is how many descriptors the process may have (getrlimit(2)).
func maxDescriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}
