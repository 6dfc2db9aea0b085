package enginetest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// tasks tests that two workers share the ticks of a task, one at a time.
func (s suite) tasks(t *testing.T) {
	url := s.NewURL(t)
	ticks := make(chan time.Time, 1000)
	product := s.product()
	product.Tasks = func() []background.Task {
		return []background.Task{{Name: "task", Every: 100 * time.Millisecond, EveryTick: true, Run: func(ctx context.Context) error {
			ticks <- background.Tick(ctx)
			return nil
		}}}
	}
	stop := s.work(t, s.open(t, url), worker.Worker{}, product)
	s.work(t, s.open(t, url), worker.Worker{}, product)
	taken := await(t, ticks, 10)
	stop()
	taken = append(taken, await(t, ticks, 10)...)
	slices.SortFunc(taken, time.Time.Compare)
	for i := 1; i < len(taken); i++ {
		if gap := taken[i].Sub(taken[i-1]); gap != 100*time.Millisecond {
			t.Errorf("between ticks %d and %d are %s", i-1, i, gap)
		}
	}
	if ok, err := (&worker.Worker{Product: product, Database: s.open(t, url)}).Once(t.Context(), "task"); !ok || err != nil {
		t.Errorf("once: got %t, %v", ok, err)
	}
}

// taskInterrupted tests that a run which is interrupted by the end of its worker
// is repeated for the same tick, and that one which fails is not.
func (s suite) taskInterrupted(t *testing.T) {
	url := s.NewURL(t)
	ticks, looked := make(chan time.Time, 10), make(chan bool, 10)
	var wait atomic.Bool
	product := s.product()
	task := background.Task{Name: "task", Every: time.Hour, Run: func(ctx context.Context) error {
		ticks <- background.Tick(ctx)
		if wait.Load() {
			<-ctx.Done()
			return ctx.Err()
		}
		return errors.New("no luck")
	}}
	product.Tasks = func() []background.Task { return []background.Task{task} }
	wait.Store(true)
	stop := s.work(t, s.open(t, url), worker.Worker{Drain: -1}, product)
	first := await(t, ticks, 1)[0]
	stop()
	wait.Store(false)
	stop = s.work(t, s.open(t, url), worker.Worker{}, product)
	if again := await(t, ticks, 1)[0]; !again.Equal(first) {
		t.Errorf("the tick of %s was repeated as that of %s", first, again)
	}
	stop()

	// A worker runs a task of a shorter period first: when the second task has
	// run, the worker has found that the first one is not due.
	later := background.Task{Name: "later", Every: 2 * time.Hour, Run: func(context.Context) error { looked <- true; return nil }}
	product.Tasks = func() []background.Task { return []background.Task{task, later} }
	s.work(t, s.open(t, url), worker.Worker{}, product)
	await(t, looked, 1)
	if len(ticks) > 0 {
		t.Errorf("a run that failed was repeated: %s", <-ticks)
	}
}

// claimUnanswered tests that a tick whose claim succeeded, while its answer did not
// reach the worker, is run by this worker all the same, and the ticks after it.
func (s suite) claimUnanswered(t *testing.T) {
	ticks := make(chan time.Time, 1000)
	product := s.product()
	product.Tasks = func() []background.Task {
		return []background.Task{{Name: "task", Every: 100 * time.Millisecond, EveryTick: true, Run: func(ctx context.Context) error {
			ticks <- background.Tick(ctx)
			return nil
		}}}
	}
	s.work(t, &unanswered{Database: s.open(t, s.NewURL(t)), claim: 3}, worker.Worker{}, product)
	taken := await(t, ticks, 10)
	for i := 1; i < len(taken); i++ {
		if gap := taken[i].Sub(taken[i-1]); gap != 100*time.Millisecond {
			t.Errorf("between ticks %d and %d are %s", i-1, i, gap)
		}
	}
}

// unanswered is a database that executes one claim of a tick and loses the answer,
// as one does whose connection breaks in that moment.
type unanswered struct {
	engine.Database
	claim  int32 // which one
	claims atomic.Int32
}

func (u *unanswered) Claim(ctx context.Context, task string, seen engine.Entry, tick time.Time) (bool, error) {
	claimed, err := u.Database.Claim(ctx, task, seen, tick)
	if u.claims.Add(1) == u.claim {
		return false, errors.New("the connection is gone")
	}
	return claimed, err
}
