package serve

import (
	"os"
	"runtime"
)

// ballast is the size in bytes of an allocation that is never used, so that the
// garbage collector runs less often.
const ballast = 16 << 20

// easeCollector makes Go's collector wait until the heap has at least twice the
// ballast. The collector runs when the heap has twice what was in use: for an API with
// little in use that is at 4 MB, many times a second. The ballast is never touched, so
// it takes no memory, but up to 32 MB of garbage may lie around. Without effect where
// GOGC or GOMEMLIMIT is set, or low memory is asked for. The function that it returns
// frees the ballast.
func easeCollector(lowMemory bool) (end func()) {
	if lowMemory || os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	held := make([]byte, ballast)
	return func() { runtime.KeepAlive(&held[0]) }
}
