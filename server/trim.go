package server

import (
	"runtime"
	"runtime/debug"
)

const (
	// About how many bytes a connection takes, and a parked one.
	activeConnection = 22 << 10
	parkedConnection = 6 << 10

	// trimmed is how many bytes must have come free for a collection to be worth it.
	trimmed = 16 << 20
)

// trimmer gives memory back to the system after a load. Go's collector does not run
// while nothing is allocated, so the process would stay for minutes as large as the
// load made it.
type trimmer struct {
	peak   int64 // the most bytes that connections and bodies took since the last collection
	fallen bool  // the last look found that the load has gone
}

// look is called at every sweep. A collection takes some milliseconds for every
// 10 MB that the product itself keeps, so look waits until the load has gone for a
// whole sweep.
func (t *trimmer) look(s *Server) {
	parked := s.conns.parked.Load() * parkedConnection
	taken := s.conns.active()*activeConnection + parked + s.bodies.quota.used()
	t.peak = max(t.peak, taken, s.conns.takePeak()*activeConnection+parked+s.bodies.quota.takePeak())
	fallen := t.peak-taken > trimmed && taken < t.peak/2
	if fallen && t.fallen {
		runtime.GC() // FreeOSMemory is another one: pools survive the first
		debug.FreeOSMemory()
		t.peak, fallen = taken, false
	}
	t.fallen = fallen
}
