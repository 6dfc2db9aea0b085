package worker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
)

// shared is a database of tasks that several workers of one test share. What it
// answers takes a moment, so that they get into each other's way.
type shared struct {
	engine.Database // no jobs

	mu      sync.Mutex
	entries map[string]engine.Entry
}

func (s *shared) Begin(_ context.Context, task, spec string, first time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.entries[task]; !known {
		s.entries[task] = engine.Entry{Spec: spec, Tick: first}
	}
	return nil
}

func (s *shared) Read(context.Context) (engine.State, error) {
	time.Sleep(time.Millisecond) // the way to a database takes a time, of the bubble's clock
	s.mu.Lock()
	defer s.mu.Unlock()
	read := map[string]engine.Entry{}
	for name, entry := range s.entries {
		read[name] = entry
	}
	return engine.State{Now: time.Now().Round(0), Tasks: read}, nil
}

func (s *shared) Claim(_ context.Context, task string, seen engine.Entry, tick time.Time) (bool, error) {
	time.Sleep(time.Millisecond) // of the bubble's clock
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry := s.entries[task]; entry.Busy || !entry.Tick.Equal(seen.Tick) {
		return false, nil
	}
	s.entries[task] = engine.Entry{Spec: seen.Spec, Tick: tick, Busy: true, Tries: 1}
	return true, nil
}

func (s *shared) Release(_ context.Context, task string, _ bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := s.entries[task]
	entry.Busy = false
	s.entries[task] = entry
	return nil
}

func (s *shared) Heartbeat(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}

// TestWorkersShareTicks has three workers meet over many tasks that are due at
// the same moments: each tick is run for once, and none before its time.
func TestWorkersShareTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		runs := map[string]int{}
		note := func(name string) func(context.Context) error {
			return func(ctx context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				tick := background.Tick(ctx)
				if tick.IsZero() || tick.After(time.Now()) {
					t.Errorf("%s ran at %s for the tick %s", name, time.Now(), tick)
				}
				runs[fmt.Sprintf("%s %d", name, tick.Unix())]++
				return nil
			}
		}
		var tasks []background.Task
		want := map[string]int{}
		start := time.Now().Truncate(5 * time.Second)
		for i := range 12 {
			name := fmt.Sprintf("task-%d", i)
			tasks = append(tasks, background.Task{Name: name, Cron: "*/5 * * * * *", EveryTick: i%2 == 0, Run: note(name)})
			for tick := 1; tick <= 12; tick++ {
				want[fmt.Sprintf("%s %d", name, start.Add(time.Duration(5*tick)*time.Second).Unix())] = 1
			}
		}
		ctx, cancel := context.WithDeadline(t.Context(), start.Add(63*time.Second))
		defer cancel()
		database := &shared{entries: map[string]engine.Entry{}}
		var workers sync.WaitGroup
		for range 3 {
			workers.Go(func() {
				w := newWorker()
				w.Database = database
				w.Product.Tasks = func() []background.Task { return tasks }
				if err := w.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
		if diff := cmp.Diff(want, runs); diff != "" {
			t.Errorf("runs for each tick (-want +got):\n%s", diff)
		}
	})
}

// cancelled is a database that is asked after the program was told to end.
type cancelled struct{ shared }

func (*cancelled) Begin(ctx context.Context, _, _ string, _ time.Time) error { return ctx.Err() }

// away is a database that does not answer the first time.
type away struct {
	shared
	asked bool
}

func (a *away) Begin(ctx context.Context, task, spec string, first time.Time) error {
	if !a.asked {
		a.asked = true
		return errors.New("away")
	}
	return a.shared.Begin(ctx, task, spec, first)
}

// TestDatabaseAwayAtStart tests that a worker runs its tasks as soon as the
// database is back that was away when it started.
func TestDatabaseAwayAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker()
		w.Database = &away{shared: shared{entries: map[string]engine.Entry{}}}
		runs := 0
		run(t, 3*time.Second, w, background.Task{Name: "task", Every: time.Hour, Run: func(context.Context) error { runs++; return nil }})
		if runs != 1 {
			t.Errorf("it ran %d times, want once", runs)
		}
	})
}

// TestEndBeforeBeginning tests that a worker which is told to end while it starts
// has not failed.
func TestEndBeforeBeginning(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newWorker()
	w.Database = &cancelled{}
	w.Product.Tasks = func() []background.Task { return []background.Task{background.Seconds(1, nothing)} }
	if err := w.Run(ctx); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
