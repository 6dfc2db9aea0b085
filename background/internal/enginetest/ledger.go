package enginetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

// ledger tests who can claim a task, and when.
func (s suite) ledger(t *testing.T) {
	url := s.NewURL(t)
	ctx := t.Context()
	a, b := s.open(t, url), s.open(t, url)
	beatA, endA := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { _ = a.Heartbeat(beatA, func() { t.Error("lost") }) })
	defer beating.Wait()
	defer endA()

	zero := time.Unix(1_000_000_000, 123).UTC()
	must(t, a.Begin(ctx, "task", "every 1s", zero), b.Begin(ctx, "task", "every 1s", zero.Add(time.Hour)))
	entry := s.entry(t, b, "task")
	if !entry.Tick.Equal(zero) || entry.Spec != "every 1s" || entry.Busy || entry.Orphan {
		t.Fatalf("at the beginning: %+v", entry)
	}
	tick := zero.Add(time.Second)
	claim := func(of engine.Database, seen engine.Entry, tick time.Time, want bool) {
		t.Helper()
		if got, err := of.Claim(ctx, "task", seen, tick); err != nil || got != want {
			t.Errorf("claim: got %t, %v, want %t", got, err, want)
		}
	}
	claim(a, entry, tick, true)
	claim(b, entry, tick, false)
	busy := s.entry(t, b, "task")
	if !busy.Busy || !busy.Tick.Equal(tick) || busy.Tries != 1 {
		t.Errorf("while it runs: %+v", busy)
	}
	claim(b, busy, tick.Add(time.Second), false) // no task runs at the same time as itself
	must(t, b.Release(ctx, "task", true))        // it is not b that has it
	claim(b, busy, tick.Add(time.Second), false)

	// a got no answer to its claim: it finds that it has the task, and takes it again.
	own := s.entry(t, a, "task")
	if !own.Orphan || own.Busy || !own.Tick.Equal(tick) {
		t.Errorf("its own: %+v", own)
	}
	claim(a, own, tick, true)

	must(t, a.Release(ctx, "task", false)) // interrupted
	orphan := s.entry(t, b, "task")
	if !orphan.Orphan || orphan.Busy || !orphan.Tick.Equal(tick) {
		t.Errorf("interrupted: %+v", orphan)
	}
	claim(b, orphan, tick, true)
	if again := s.entry(t, a, "task"); again.Tries != 3 {
		t.Errorf("taken over: %+v", again)
	}
	must(t, b.Release(ctx, "task", true))
	claim(a, entry, tick.Add(time.Second), false) // its tick is not the last one any more

	done := s.entry(t, a, "task")
	claim(a, done, tick.Add(time.Second), true)
	endA() // a ends its heartbeat
	beating.Wait()
	if left := s.entry(t, b, "task"); !left.Orphan {
		t.Errorf("what a worker had when it ended: %+v", left)
	}
	claim(a, s.entry(t, b, "task"), tick.Add(2*time.Second), false) // it is not alive

	must(t, b.Begin(ctx, "task", "every 2s", zero))
	if changed := s.entry(t, b, "task"); changed.Spec != "every 2s" || !changed.Tick.Equal(zero) {
		t.Errorf("another schedule: %+v", changed)
	}
	claim(b, orphan, tick, false)
}

func (s suite) entry(t *testing.T, of engine.Database, task string) engine.Entry {
	t.Helper()
	state, err := of.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return state.Tasks[task]
}

// claimAtOnce tests that of several workers which claim the same tick, one gets it.
func (s suite) claimAtOnce(t *testing.T) {
	url := s.NewURL(t)
	zero := time.Unix(1_000_000_000, 0)
	const workers, ticks = 4, 25
	taken := make([]int, ticks)
	var mu sync.Mutex
	var group sync.WaitGroup
	for range workers {
		opened := s.open(t, url)
		must(t, opened.Begin(t.Context(), "task", "spec", zero))
		group.Go(func() {
			for {
				state, err := opened.Read(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				seen := state.Tasks["task"]
				n := int(seen.Tick.Sub(zero) / time.Second)
				if n == ticks {
					return
				}
				won, err := opened.Claim(t.Context(), "task", seen, seen.Tick.Add(time.Second))
				if err != nil {
					t.Error(err)
					return
				}
				if won {
					mu.Lock()
					taken[n]++
					mu.Unlock()
					must(t, opened.Release(t.Context(), "task", true))
				}
			}
		})
	}
	group.Wait()
	if slices.Min(taken) != 1 || slices.Max(taken) != 1 {
		t.Errorf("how often each tick was taken: %v", taken)
	}
}
