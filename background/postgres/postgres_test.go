//go:build unix

package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/postgres"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/internal/pgtest"
)

func TestEngine(t *testing.T) {
	cluster := pgtest.Start(t)
	var count atomic.Int32
	enginetest.Run(t, postgres.Engine(), func(t *testing.T) string {
		name := fmt.Sprintf("test%d", count.Add(1))
		conn, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		return cluster.URL(name)
	})
}

func TestEnqueueTx(t *testing.T) {
	cluster := pgtest.Start(t)
	job := background.NewJob("job", func(context.Context, string) error { return nil })
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{postgres.Engine()} },
		Jobs:    func() []background.AnyJob { return []background.AnyJob{job} },
	}
	database, err := worker.Open(t.Context(), product, cluster.URL("postgres"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if err := database.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	ctx := engine.WithQueue(t.Context(), database)
	for _, test := range []struct {
		end  func(tx pgx.Tx) error
		want int
	}{
		{func(tx pgx.Tx) error { return tx.Rollback(ctx) }, 0},
		{func(tx pgx.Tx) error { return tx.Commit(ctx) }, 1},
	} {
		tx, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := postgres.EnqueueTx(ctx, tx, job, "x"); err != nil {
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
	if err := postgres.EnqueueTx(t.Context(), nil, job, "x"); err == nil {
		t.Error("without a database: no error")
	}
}

// TestTakenForDead tests that a worker which the others took for dead ends what
// it runs, and that the tick is done again.
func TestTakenForDead(t *testing.T) {
	cluster := pgtest.Start(t)
	ended := make(chan error, 10)
	began := make(chan time.Time, 10)
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{postgres.Engine()} },
		Tasks: func() []background.Task {
			return []background.Task{{Name: "task", Every: time.Hour, Run: func(ctx context.Context) error {
				began <- background.Tick(ctx)
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return ctx.Err()
			}}}
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	database, err := worker.Open(ctx, product, cluster.URL("postgres"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if err := database.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- (&worker.Worker{Product: product, Database: database, Drain: -1}).Run(ctx) }()
	first := <-began
	conn, err := pgx.Connect(ctx, cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "DELETE FROM apiphant_worker"); err != nil {
		t.Fatal(err)
	}
	timeout := time.After(20 * time.Second)
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "taken its tasks over") {
			t.Errorf("it ended for the reason %v", err)
		}
	case <-timeout:
		t.Fatal("the task goes on")
	}
	select {
	case again := <-began:
		if !again.Equal(first) {
			t.Errorf("the tick of %s was done again as that of %s", first, again)
		}
	case <-timeout:
		t.Fatal("the tick is not done again")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOpenErrors(t *testing.T) {
	product := &background.Product{Engines: func() []background.Engine { return []background.Engine{postgres.Engine()} }}
	for url, want := range map[string]string{
		"postgres://ann:secret@127.0.0.1:1/none": "connection refused",
		"postgres://ann:secret@[/none":           "can't be read",
		"mysql://x":                              "there is no engine for mysql",
		"nonsense":                               "want sqlite:///path or postgres://",
		"sqlite:///x":                            "sqlite.Engine()",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := worker.Open(ctx, product, url, nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q and no password", url, err, want)
		}
		cancel()
	}
}
