package serve

import (
	"os"
	"runtime"
)

// ballast is how many bytes of addresses are held so that the collector runs
// less often.
const ballast = 16 << 20

// easeCollector lets Go's collector wait until the heap has at least twice the
// ballast: it runs when the heap is twice what was in use, which for an API with
// little in use would be at 4 MB, many times a second. The ballast is never
// touched, so that it takes no memory; the garbage that comes of it does, up to
// 32 MB. Who sets GOGC or GOMEMLIMIT wants to decide themselves, and who asks for
// low memory does without. What is returned ends it.
func easeCollector(lowMemory bool) (end func()) {
	if lowMemory || os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	held := make([]byte, ballast)
	return func() { runtime.KeepAlive(&held[0]) }
}
