package enginetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
)

// exec executes statements that change at least one row each.
func (s suite) exec(t *testing.T, db database.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if affected, err := s.Exec(t.Context(), db, statement); err != nil || affected == 0 {
			t.Fatalf("%s: %d rows, %v", statement, affected, err)
		}
	}
}

// list is a list of one text, which is an expression of SQL.
func (s suite) list(text string) string { return fmt.Sprintf(s.List, text) }

// dead tests that the job and the task of a worker that is gone are taken over,
// and that this costs the job no attempt.
func (s suite) dead(t *testing.T) {
	ran := make(chan string, 10)
	job := background.NewJob("job", func(context.Context, int) error { ran <- "job"; return nil })
	job.Attempts = 1
	url := s.NewURL(t)
	db := s.connect(t, url)
	opened := s.openIn(t, db, job)
	must(t, job.Enqueue(engine.WithQueue(t.Context(), opened), 1))
	product := s.product(job)
	task := background.Task{Name: "task", Every: time.Hour, Run: func(ctx context.Context) error {
		ran <- "task for " + background.Tick(ctx).Format(time.RFC3339)
		return nil
	}}
	product.Tasks = func() []background.Task { return []background.Task{task} }
	must(t, opened.Begin(t.Context(), "task", "every 1h0m0s", time.Now().Truncate(time.Second)))
	tick := s.entry(t, opened, "task").Tick.Format(time.RFC3339)
	s.exec(t, db,
		"INSERT INTO apiphant_worker (id, beat) VALUES ('gone', -1)", // as a worker marks another one
		"UPDATE river_job SET state = 'running', attempt = 1, attempted_by = "+s.list("'gone'"),
		"UPDATE apiphant_task SET worker = 'gone', tries = 1",
	)
	s.work(t, opened, worker.Worker{}, product)
	got := strings.Join(await(t, ran, 2), ", ")
	if want := "task for " + tick; !strings.Contains(got, want) || !strings.Contains(got, "job") {
		t.Errorf("got %s, want %s, and the job", got, want)
	}
	s.exec(t, db, "UPDATE river_job SET priority = 1 WHERE attempt = 1") // not 2
	eventually(t, "the row of the worker to be removed", func() bool {
		affected, err := s.Exec(t.Context(), db, "UPDATE apiphant_worker SET beat = beat WHERE id = 'gone'")
		must(t, err)
		return affected == 0
	})
}

// leftBehind tests that a worker which ends gives back the jobs that it has by the
// database, whatever became of them.
func (s suite) leftBehind(t *testing.T) {
	ran := make(chan int, 10)
	job := background.NewJob("job", func(_ context.Context, n int) error { ran <- n; return nil })
	job.Attempts = 1
	db := s.connect(t, s.NewURL(t))
	opened := s.openIn(t, db, job)
	ctx := engine.WithQueue(t.Context(), opened)
	must(t, job.Enqueue(ctx, 1))
	stop := s.work(t, opened, worker.Worker{}, s.product(job))
	await(t, ran, 1)
	eventually(t, "the job to be recorded as done", func() bool {
		affected, err := s.Exec(t.Context(), db, "UPDATE river_job SET state = 'running', finalized_at = NULL WHERE state = 'completed'")
		must(t, err)
		return affected == 1
	})
	stop()
	s.awaitAvailable(t, opened, 1)
	s.exec(t, db, "UPDATE river_job SET priority = 1 WHERE attempt = 0")
}

// poison tests that a job is given up which ten workers have not survived, and
// that OnError is told by a worker that knows it.
func (s suite) poison(t *testing.T) {
	failed := make(chan background.Failure, 10)
	job := background.NewJob("job", func(context.Context, int) error { t.Error("it is run"); return nil })
	db := s.connect(t, s.NewURL(t))
	opened := s.openIn(t, db, job)
	must(t, job.Enqueue(engine.WithQueue(t.Context(), opened), 1))
	s.exec(t, db, "INSERT INTO apiphant_worker (id, beat) VALUES ('gone', -1)",
		"UPDATE river_job SET state = 'running', attempt = 1, attempted_by = "+s.list("'gone'")+`, metadata = '{"river:rescue_count": 9}'`)
	product := s.product(job)
	product.OnError = func(_ context.Context, failure background.Failure) error { failed <- failure; return nil }
	s.work(t, opened, worker.Worker{}, product)
	got := await(t, failed, 1)[0]
	if !got.Last || !got.Job || got.Task != "job" || got.Err.Error() != "given up: 10 workers have died while they ran it" {
		t.Errorf("got %+v", got)
	}
	eventually(t, "the job to be discarded", func() bool {
		affected, err := s.Exec(t.Context(), db, "UPDATE river_job SET priority = 1 WHERE state = 'discarded'")
		must(t, err)
		return affected == 1
	})
}

// givenUp tests that OnError is told of a tick that was begun ten times, and why.
func (s suite) givenUp(t *testing.T) {
	failed, ran := make(chan background.Failure, 10), make(chan bool, 10)
	product := s.product()
	product.Tasks = func() []background.Task {
		return []background.Task{{Name: "task", Every: time.Second, Run: func(context.Context) error { ran <- true; return nil }}}
	}
	product.OnError = func(_ context.Context, failure background.Failure) error { failed <- failure; return nil }
	db := s.connect(t, s.NewURL(t))
	opened := s.openIn(t, db)
	must(t, opened.Begin(t.Context(), "task", "every 1s", time.Now().Truncate(time.Second)))
	tick := s.entry(t, opened, "task").Tick.Format(time.RFC3339)
	s.exec(t, db, "UPDATE apiphant_task SET worker = '', tries = 10")
	s.work(t, opened, worker.Worker{}, product)
	got := await(t, failed, 1)[0]
	want := "the run for " + tick + " is given up: it was begun 10 times, and no worker has finished it"
	if got.Err.Error() != want || got.Task != "task" || !got.Last || got.Job {
		t.Errorf("got %+v, want %s", got, want)
	}
	await(t, ran, 1) // the next tick
}

// firstTables tests that the tables of the first version are brought up to date.
func (s suite) firstTables(t *testing.T) {
	db := s.connect(t, s.NewURL(t))
	opened := s.openIn(t, db)
	must(t, opened.Begin(t.Context(), "task", "every 1s", time.Now()))
	_, err := s.Exec(t.Context(), db, "ALTER TABLE apiphant_task DROP COLUMN holder")
	must(t, err)
	if err := opened.Migrated(t.Context()); err == nil || !strings.Contains(err.Error(), "holder") {
		t.Errorf("got %v, want that a column is missing", err)
	}
	must(t, opened.Migrate(t.Context()), opened.Migrated(t.Context()))
	if entry := s.entry(t, opened, "task"); entry.Spec != "every 1s" {
		t.Errorf("got %+v", entry)
	}
}
