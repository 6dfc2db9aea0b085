package server

import (
	"sync/atomic"
	"time"
)

const (
	// spareTime is for how long after its start a goroutine waits for further
	// work, since its stack has the size that it needs. It is not longer for
	// having done some: they take turns, and a trickle of clients would keep all
	// of them that a load has made.
	spareTime = 2 * time.Second

	// maxSpare is how many do so: more would hold the memory that connections
	// give back when they are parked.
	maxSpare = 64
)

// reserve are goroutines for work of one kind. A new one would let its stack grow
// step by step first, copied each time. What a function does to its goroutine, as
// runtime.LockOSThread, is left to the next that has it: connections and raw functions
// have a reserve each.
type reserve struct {
	work    chan func()
	ended   chan struct{}
	waiting atomic.Int64
}

func newReserve() *reserve {
	return &reserve{work: make(chan func()), ended: make(chan struct{})}
}

// run lets a goroutine do something, beside the caller.
func (r *reserve) run(do func()) {
	select {
	case r.work <- do:
	default:
		go r.serve(do)
	}
}

func (r *reserve) serve(do func()) {
	spare := time.NewTimer(spareTime)
	defer spare.Stop()
	for {
		do()
		if r.waiting.Add(1) > maxSpare {
			r.waiting.Add(-1)
			return
		}
		select {
		case do = <-r.work:
			r.waiting.Add(-1)
		case <-spare.C:
			r.waiting.Add(-1)
			return
		case <-r.ended:
			return
		}
	}
}

// end lets those end that wait, and the others when they have done their work.
func (r *reserve) end() { close(r.ended) }
