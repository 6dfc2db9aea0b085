package enginetest

import (
	"context"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// hold tests that a task which is held is claimed by nobody, and is as before
// after that.
func (s suite) hold(t *testing.T) {
	url := s.NewURL(t)
	ctx := t.Context()
	db := s.connect(t, url)
	a, b, c := s.openIn(t, db), s.open(t, url), s.open(t, url)
	zero := time.Unix(1_000_000_000, 0).UTC()
	must(t, a.Begin(ctx, "task", "every 1s", zero), b.Begin(ctx, "task", "every 1s", zero))
	before := s.entry(t, a, "task")
	claimed, err := a.Claim(ctx, "task", before, zero.Add(time.Second))
	if must(t, err); !claimed {
		t.Fatal("a free task can't be claimed")
	}
	hold := func(task string, want bool) {
		t.Helper()
		if held, err := c.Hold(ctx, task); err != nil || held != want {
			t.Errorf("hold %s: got %t, %v, want %t", task, held, err, want)
		}
	}
	hold("task", false) // a has it
	must(t, a.Release(ctx, "task", false))
	before = s.entry(t, a, "task")
	hold("task", true)
	hold("task", true) // as after an answer that was lost
	if held, err := b.Hold(ctx, "task"); err != nil || held {
		t.Errorf("two hold it: %t, %v", held, err)
	}
	seen := s.entry(t, b, "task")
	if !seen.Busy || seen.Orphan || !seen.Tick.Equal(before.Tick) {
		t.Errorf("while it is held: %+v", seen)
	}
	if claimed, err := b.Claim(ctx, "task", seen, seen.Tick.Add(time.Second)); err != nil || claimed {
		t.Errorf("it is claimed while it is held: %t, %v", claimed, err)
	}
	must(t, c.Free(ctx, "task"))
	if after := s.entry(t, b, "task"); after != before {
		t.Errorf("it was %+v before it was held, and is %+v", before, after)
	}
	hold("task", true)
	s.exec(t, db, "DELETE FROM apiphant_worker WHERE id = (SELECT holder FROM apiphant_task)") // who holds it is killed
	if after := s.entry(t, b, "task"); after != before {
		t.Errorf("it was %+v before who held it was killed, and is %+v", before, after)
	}
	hold("unknown", true) // a task that is not registered
}

// once tests that a run outside of the schedule, of another version, changes
// nothing of it, and that the task does not run beside itself.
func (s suite) once(t *testing.T) {
	url := s.NewURL(t)
	opened := s.open(t, url)
	must(t, opened.Begin(t.Context(), "task", "every 1h0m0s", time.Now()))
	before := s.entry(t, opened, "task")
	product := s.product()
	var during engine.Entry
	product.Tasks = func() []background.Task {
		run := func(context.Context) error { during = s.entry(t, opened, "task"); return nil }
		return []background.Task{{Name: "task", Every: time.Minute, Run: run}, {Name: "new", Every: time.Minute, Run: run}}
	}
	for _, name := range []string{"task", "new", "task"} {
		ok, err := (&worker.Worker{Product: product, Database: s.open(t, url)}).Once(t.Context(), name)
		if !ok || err != nil {
			t.Errorf("%s: got %t, %v", name, ok, err)
		}
	}
	if !during.Busy {
		t.Errorf("while it runs: %+v", during)
	}
	if after := s.entry(t, opened, "task"); after != before {
		t.Errorf("it was %+v before, and is %+v", before, after)
	}
}
