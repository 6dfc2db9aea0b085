package server

import (
	"runtime"
	"runtime/debug"
)

const (
	// activeConnection is about how many bytes of memory an open connection takes,
	// and parkedConnection a parked one: see Conn.Parked in package connection.
	activeConnection = 22 << 10
	parkedConnection = 6 << 10

	// trimmed is by how many bytes the memory in use must have fallen below its peak
	// before a garbage collection is worth its time.
	trimmed = 16 << 20
)

// trimmer returns unused memory to the operating system after a peak of load. An idle
// process allocates too little to start Go's garbage collector, so without the trimmer
// it would stay as large as the load made it for minutes.
type trimmer struct {
	peak   int64 // the most bytes that connections and bodies took since the trimmer last collected
	fallen bool  // the last call of look found the memory in use far below peak
}

// look compares the memory in use with its peak, and collects garbage once two calls
// in a row find it far below. One call is not enough, since the load may come back, and
// a collection takes some milliseconds for every 10 MB that the product itself keeps.
// look is called at every sweep: see Server.watch.
func (t *trimmer) look(s *Server) {
	parked := s.conns.parked.Load() * parkedConnection
	taken := s.conns.active()*activeConnection + parked + s.bodies.quota.used()
	t.peak = max(t.peak, taken, s.conns.takePeak()*activeConnection+parked+s.bodies.quota.takePeak())
	fallen := t.peak-taken > trimmed && taken < t.peak/2
	if fallen && t.fallen {
		runtime.GC() // a sync.Pool keeps its items through one collection; FreeOSMemory makes the second
		debug.FreeOSMemory()
		t.peak, fallen = taken, false
	}
	t.fallen = fallen
}
