package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/sqlite"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
	file "github.com/apiphant/apiphant/database/sqlite"
)

func TestEngine(t *testing.T) {
	enginetest.Run(t, enginetest.Engine{
		Engine: sqlite.Engine(), NewURL: newURL, EnqueueIn: enqueueIn, Exec: execute, List: "jsonb_array(%s)",
	})
}

func execute(ctx context.Context, db database.DB, statement string) (int64, error) {
	result, err := db.(*file.DB).Write.ExecContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func newURL(t *testing.T) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "jobs of ours.db")
}

func enqueueIn(ctx context.Context, db database.DB, job *background.Job[int], commit bool) error {
	tx, err := db.(*file.DB).Write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := sqlite.EnqueueTx(ctx, tx, job, 1); err != nil || !commit {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// TestEnqueueBesideTransaction tests that Enqueue, while the caller has a
// transaction open for which it would have to wait, ends with an error that says
// so.
func TestEnqueueBesideTransaction(t *testing.T) {
	t.Parallel()
	db, err := file.Open(t.Context(), newURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	job := background.NewJob("job", func(context.Context, int) error { return nil })
	opened, err := worker.Open(&background.Product{
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
	}, db, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	err = job.Enqueue(engine.WithQueue(t.Context(), opened), 1)
	if err == nil || !strings.Contains(err.Error(), "with EnqueueTx") || time.Since(began) < file.BusyTimeout {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := job.Enqueue(engine.WithQueue(t.Context(), opened), 1); err != nil {
		t.Error(err)
	}
}
