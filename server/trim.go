package server

import (
	"runtime"
	"runtime/debug"
)

const (
	// About what a connection takes, and one that is parked.
	activeConnection = 22 << 10
	parkedConnection = 6 << 10

	// trimmed is how much must have come free to be worth a collection.
	trimmed = 16 << 20
)

// trimmer gives memory back to the system once a load has gone: Go's collector
// has no reason to run where nothing is allocated any more, and would leave the
// process as large as the load made it for minutes.
type trimmer struct {
	peak   int64 // of what connections and bodies took since it was trimmed last
	fallen bool  // the last look saw it fallen
}

// look is called at every sweep. What it does takes some milliseconds for every
// 10 MB that the product itself keeps, so it waits until a load has gone for a
// whole sweep.
func (t *trimmer) look(s *Server) {
	parked := s.conns.parked.Load() * parkedConnection
	taken := s.conns.active()*activeConnection + parked + s.bodies.used.Load()
	t.peak = max(t.peak, taken, s.conns.takePeak()*activeConnection+parked+s.bodies.peak.Swap(0))
	fallen := t.peak-taken > trimmed && taken < t.peak/2
	if fallen && t.fallen {
		runtime.GC() // what was pooled survives one collection
		debug.FreeOSMemory()
		t.peak, fallen = taken, false
	}
	t.fallen = fallen
}
