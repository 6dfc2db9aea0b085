package server

import (
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// firstAtOnce is how many calls of an endpoint run at the same time until one of them was
// answered: nobody knows yet how large its responses are, so no memory can be reserved.
// Others wait. After each timeouts.first twice as many run, since the function may wait
// for something itself, but not where they would take more memory than Server.BodyMemory.
const firstAtOnce = 2

const (
	mostFirst = 1 << 12 // as many do not wait for each other any more
	firstWait = 30      // times timeouts.first, after which a call is refused
)

// unknownSize is in [answerMemory.expected] until an endpoint's first response.
const unknownSize = -1

// firstCalls are the calls of an endpoint until one of them was answered.
type firstCalls struct {
	expected *atomic.Int64 // of the endpoint's response, see answerMemory
	places   chan struct{} // those that are free
	answered chan struct{} // closed when no call waits any longer
	ended    sync.Once

	mu    sync.Mutex
	most  int       // how many may run
	grown time.Time // when that was changed
	heap  int64     // what was in use then
}

func newFirstCalls(expected *atomic.Int64) *firstCalls {
	return &firstCalls{expected: expected, places: make(chan struct{}, mostFirst), answered: make(chan struct{})}
}

// wait returns when the call may run. placed tells whether it has one of the places, which
// leave gives back. It reports false for a call that has waited too long.
func (f *firstCalls) wait(every time.Duration, memory int64) (placed, ok bool) {
	f.grow(every, memory)
	select {
	case <-f.places:
		return true, true
	default:
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for range firstWait {
		select {
		case <-f.places:
			return true, true
		case <-f.answered:
			return false, true
		case <-ticker.C:
			f.grow(every, memory)
		}
	}
	return false, false
}

// grow lets twice as many calls run, if it is time, and if there is memory for twice of what
// those that run have taken.
func (f *firstCalls) grow(every time.Duration, memory int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	more := f.most
	switch {
	case f.most == 0:
		more, f.heap = firstAtOnce, heapInUse()
	case time.Since(f.grown) < every, heapInUse()-f.heap > memory/(2*heapFactor): // twice as many take twice as much
		return
	case 2*f.most > mostFirst:
		f.end()
		return
	}
	f.most, f.grown = f.most+more, time.Now()
	for range more {
		f.places <- struct{}{}
	}
}

// leave gives a place back.
func (f *firstCalls) leave() { f.places <- struct{}{} }

// end lets all calls go on that wait, and none wait from then on. An endpoint that has only
// answered with errors until then is taken to have small responses.
func (f *firstCalls) end() {
	f.ended.Do(func() {
		f.expected.CompareAndSwap(unknownSize, 0)
		close(f.answered)
	})
}

// heapInUse returns how many bytes of the heap were in use when garbage was collected last.
func heapInUse() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// awaitFirst waits, where no response of the endpoint was made yet, for the first or for a
// place beside it, and reports whether the call may run.
func (d *door) awaitFirst() (ok bool) {
	m := &d.server.answers
	if m.expected[d.endpoint.Index].Load() != unknownSize {
		return true
	}
	d.early = true
	d.placed, ok = m.first[d.endpoint.Index].wait(d.server.timeouts.first, m.most)
	return ok
}

// leaveFirst gives the place among the first calls back.
func (d *door) leaveFirst() {
	if d.placed {
		d.placed = false
		d.server.answers.first[d.endpoint.Index].leave()
	}
}
