package serve

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

// goal is the size of the heap at which the collector runs next.
func goal() uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func TestEaseCollector(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	before := goal()
	end := easeCollector(false)
	if eased := goal(); eased < before+ballast {
		t.Errorf("got a heap of %d bytes, want %d more than %d", eased, ballast, before)
	}
	end()
	if after := goal(); after > before+ballast/2 {
		t.Errorf("got a heap of %d bytes after the end, want about %d", after, before)
	}
	for name, low := range map[string]bool{"GOGC": false, "GOMEMLIMIT": false, "": true} {
		if name != "" {
			t.Setenv(name, "100")
		}
		end := easeCollector(low)
		if left := goal(); left > before+ballast/2 {
			t.Errorf("%q, low memory %t: got a heap of %d bytes, want about %d", name, low, left, before)
		}
		end()
		if name != "" {
			t.Setenv(name, "")
		}
	}
}
