package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/sqlite"
	"github.com/apiphant/apiphant/background/worker"
	file "github.com/apiphant/apiphant/database/sqlite"
)

// TestUpgrade tests that a job which was enqueued in tables of River 0.47 is
// worked after the migration of 0.48, which copies the table of jobs.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	db, err := file.Open(t.Context(), newURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	migrator, err := rivermigrate.New(riversqlite.New(db.Write), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: 7}); err != nil {
		t.Fatal(err)
	}
	ran := make(chan int, 1)
	job := background.NewJob("job", func(_ context.Context, n int) error { ran <- n; return nil })
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
	}
	opened, err := worker.Open(product, db, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Enqueue(engine.WithQueue(t.Context(), opened), 7); err != nil {
		t.Fatal(err)
	}
	if err := opened.Migrated(t.Context()); err == nil {
		t.Error("tables of an older version are up to date")
	}
	if err := opened.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- (&worker.Worker{Product: product, Database: opened}).Run(ctx) }()
	select {
	case n := <-ran:
		if n != 7 {
			t.Errorf("the argument is %d, want 7", n)
		}
	case <-time.After(30 * time.Second):
		t.Error("the job is not worked")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
