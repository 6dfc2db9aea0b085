package enginetest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
)

// transaction tests that a job which is enqueued in a transaction of the
// program's pool is there after its commit, and not after its rollback.
func (s suite) transaction(t *testing.T) {
	job := background.NewJob("job", nothing)
	db := s.connect(t, s.NewURL(t))
	opened := s.openIn(t, db, job)
	bounded, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ctx := engine.WithQueue(bounded, opened)
	for _, test := range []struct {
		commit bool
		want   int
	}{{false, 0}, {true, 1}} {
		must(t, s.EnqueueIn(ctx, db, job, test.commit))
		stats, err := opened.Stats(ctx)
		if got := stats.Depth["default"]["available"]; err != nil || got != test.want {
			t.Errorf("commit %t: got %d jobs, %v, want %d", test.commit, got, err, test.want)
		}
	}
	if err := s.EnqueueIn(t.Context(), db, job, true); err == nil {
		t.Error("without a database in the context: no error")
	}
}

// migrateAtOnce tests that several processes can create the tables at the same
// time.
func (s suite) migrateAtOnce(t *testing.T) {
	url := s.NewURL(t)
	first, err := worker.Open(s.product(), s.connect(t, url), nil)
	must(t, err)
	if err := first.Migrated(t.Context()); err == nil || !strings.Contains(err.Error(), "--migrate") {
		t.Errorf("an empty database: got %v", err)
	}
	var group sync.WaitGroup
	for range 4 {
		opened, err := worker.Open(s.product(), s.connect(t, url), nil)
		must(t, err)
		group.Go(func() {
			for range 2 {
				if err := opened.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	must(t, first.Migrated(t.Context()))
}
