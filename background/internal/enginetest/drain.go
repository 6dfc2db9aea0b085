package enginetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// ignoring tests that a job which ignores the end of its context is given back at the
// end of the drain, and that the worker ends in time.
func (s suite) ignoring(t *testing.T) {
	began, release := make(chan int, 10), make(chan struct{})
	defer close(release)
	ignoring := background.NewJob("ignoring", func(_ context.Context, n int) error { began <- n; <-release; return nil })
	ignoring.Attempts = 1
	url := s.NewURL(t)
	product := s.product(ignoring)
	product.OnError = neverFails(t)
	opened := s.open(t, url, ignoring)
	must(t, ignoring.Enqueue(engine.WithQueue(t.Context(), opened), 1))
	stop := s.work(t, opened, worker.Worker{Drain: -1}, product)
	await(t, began, 1)
	ending := time.Now()
	stop()
	if took := time.Since(ending); took > worker.EndGrace+time.Second {
		t.Errorf("the end took %s", took)
	}
	s.awaitAvailable(t, opened, 1)
}

// awaitAvailable waits until so many jobs are available. What a worker could not
// record in time, at its end, it does as long as its process lives.
func (s suite) awaitAvailable(t *testing.T, opened engine.Database, count int) {
	t.Helper()
	eventually(t, "the jobs to be available", func() bool {
		stats, err := opened.Stats(t.Context())
		must(t, err)
		available := 0
		for _, states := range stats.Depth {
			available += states["available"]
		}
		return available == count
	})
}

// manyInterrupted tests that of many jobs that the drain interrupts none is
// reported as failed, whatever error it returns then.
func (s suite) manyInterrupted(t *testing.T) {
	const jobs = 100
	began := make(chan int, jobs)
	var failures, why atomic.Int32
	job := background.NewJob("job", func(ctx context.Context, n int) error {
		began <- n
		<-ctx.Done()
		if context.Cause(ctx) != ctx.Err() {
			why.Add(1)
		}
		if n%2 == 0 {
			return errors.New("the driver says: canceled")
		}
		return ctx.Err()
	})
	job.Attempts = 1
	product := s.product(job)
	product.OnError = func(context.Context, background.Failure) error { failures.Add(1); return nil }
	opened := s.open(t, s.NewURL(t), job)
	ctx := engine.WithQueue(t.Context(), opened)
	for n := range jobs {
		must(t, job.Enqueue(ctx, n))
	}
	stop := s.work(t, opened, worker.Worker{Drain: 100 * time.Millisecond, Workers: jobs}, product)
	await(t, began, jobs)
	stop()
	s.awaitAvailable(t, opened, jobs)
	if failures.Load() != 0 || why.Load() != jobs {
		t.Errorf("%d of %d jobs were reported as failed, %d were told why", failures.Load(), jobs, why.Load())
	}
}
