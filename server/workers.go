package server

import (
	"sync/atomic"
	"time"
)

const (
	// workerLife is how long after its start a worker may wait for further work.
	// Work does not make that longer: workers take turns, so a few clients now
	// and then would keep all workers that a load has made.
	workerLife = 2 * time.Second

	// maxIdleWorkers is how many may wait: more would hold the memory that
	// connections give back when they are parked.
	maxIdleWorkers = 64
)

// workers are goroutines that do work of one kind, one piece after another. The
// stack of a worker has the size that the work needs, while a new goroutine has
// to let its stack grow, which copies it.
//
// What a function does to its goroutine, such as runtime.LockOSThread, is left
// to the work that comes next. So connections and raw functions have workers of
// their own.
type workers struct {
	work  chan func()
	ended chan struct{}
	idle  atomic.Int64
}

func newWorkers() *workers {
	return &workers{work: make(chan func()), ended: make(chan struct{})}
}

// run lets a worker do something, and returns at once.
func (w *workers) run(do func()) {
	select {
	case w.work <- do:
	default:
		go w.worker(do)
	}
}

func (w *workers) worker(do func()) {
	life := time.NewTimer(workerLife)
	defer life.Stop()
	for {
		do()
		if w.idle.Add(1) > maxIdleWorkers {
			w.idle.Add(-1)
			return
		}
		select {
		case do = <-w.work:
			w.idle.Add(-1)
		case <-life.C:
			w.idle.Add(-1)
			return
		case <-w.ended:
			return
		}
	}
}

// end ends the workers, those that are busy once they have done their work.
func (w *workers) end() { close(w.ended) }
