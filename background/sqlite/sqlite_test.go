package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/sqlite"
	"github.com/apiphant/apiphant/background/worker"
)

func TestEngine(t *testing.T) {
	enginetest.Run(t, sqlite.Engine(), newURL)
}

func newURL(t *testing.T) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "jobs of ours.db")
}

func TestEnqueueTx(t *testing.T) {
	url := newURL(t)
	job := background.NewJob("job", func(context.Context, string) error { return nil })
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
	}
	database, err := worker.Open(t.Context(), product, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if err := database.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	own, err := sqlite.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	ctx := engine.WithQueue(t.Context(), database)
	for _, test := range []struct {
		end  func(tx *sql.Tx) error
		want int
	}{{(*sql.Tx).Rollback, 0}, {(*sql.Tx).Commit, 1}} {
		tx, err := own.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlite.EnqueueTx(ctx, tx, job, "x"); err != nil {
			t.Fatal(err)
		}
		if err := test.end(tx); err != nil {
			t.Fatal(err)
		}
		stats, err := database.Stats(ctx)
		if got := stats.Depth["default"]["available"]; err != nil || got != test.want {
			t.Errorf("got %d jobs, %v, want %d", got, err, test.want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	for url, want := range map[string]string{
		"sqlite://":                       "want sqlite:///absolute/path",
		"sqlite:///tmp/x.db?cache=shared": "without ? and #",
		"sqlite:///there/is/no/such/x.db": "there is no folder",
		"postgres://x":                    "want sqlite:///absolute/path",
	} {
		if _, err := sqlite.Open(url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", url, err, want)
		}
	}
}
