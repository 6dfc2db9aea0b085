package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/sqlite"
	"github.com/apiphant/apiphant/background/worker"
	file "github.com/apiphant/apiphant/database/sqlite"
)

// TestMain makes this program also the worker that tests start.
func TestMain(m *testing.M) {
	if !enginetest.WorkInProcess(work) {
		os.Exit(enginetest.Main(m))
	}
}

// locked is how long a task has the file for itself: longer than a worker is
// believed to be alive without a heartbeat.
const locked = 14 * time.Second

// work runs a task that does not need the file, and one that has it for itself
// meanwhile. What they do is written to another file.
func work(ctx context.Context, url, told string) error {
	to, err := os.OpenFile(told, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	db, err := file.Open(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close()
	takes := func(ctx context.Context) error {
		select {
		case <-time.After(locked):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	task := func(name string, run func(context.Context) error) background.Task {
		return background.Task{Name: name, Every: time.Hour, Beside: true, Run: func(ctx context.Context) error {
			fmt.Fprintln(to, name, "begin")
			err := run(ctx)
			fmt.Fprintln(to, name, "end", err)
			return err
		}}
	}
	product := &background.Product{
		Engines: func() []background.Engine { return []background.Engine{sqlite.Engine()} },
		Tasks: func() []background.Task {
			return []background.Task{task("reads", takes), task("writes", func(ctx context.Context) error {
				for text := []byte(nil); !strings.Contains(string(text), "reads begin"); time.Sleep(10 * time.Millisecond) {
					var err error
					if text, err = os.ReadFile(told); err != nil || ctx.Err() != nil {
						return errors.Join(err, ctx.Err())
					}
				}
				tx, err := db.Write.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				defer tx.Rollback()
				if err := takes(ctx); err != nil {
					return err
				}
				return tx.Commit()
			})}
		},
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	opened, err := worker.Open(product, db, log)
	if err != nil {
		return err
	}
	if err := opened.Migrate(ctx); err != nil {
		return err
	}
	return (&worker.Worker{Product: product, Log: log, Database: opened}).Run(ctx)
}

// TestFileIsLocked tests that a transaction which has the file for longer than
// workers are believed to be alive without a heartbeat is committed, that no
// other task is cancelled meanwhile, and that no worker is taken for dead.
func TestFileIsLocked(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes as long as the transaction")
	}
	folder := t.TempDir()
	told := filepath.Join(folder, "told")
	var logs []string
	for i := range 2 {
		w := enginetest.Process("sqlite://"+filepath.Join(folder, "jobs.db"), told)
		logs = append(logs, filepath.Join(folder, fmt.Sprint("log", i)))
		log, err := os.Create(logs[i])
		if err != nil {
			t.Fatal(err)
		}
		w.Stderr = log
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = w.Process.Kill()
			_ = w.Wait()
		})
	}
	read := func(name string) string {
		text, _ := os.ReadFile(name)
		return string(text)
	}
	var events string
	for deadline := time.Now().Add(locked + 30*time.Second); strings.Count(events, " end ") < 2; time.Sleep(50 * time.Millisecond) {
		if events = read(told); time.Now().After(deadline) {
			t.Fatalf("the tasks do not end:\n%s\n%s", events, read(logs[0])+read(logs[1]))
		}
	}
	for _, want := range []string{"reads end <nil>\n", "writes end <nil>\n"} {
		if strings.Count(events, want) != 1 {
			t.Errorf("got\n%s\nwant %q once", events, want)
		}
	}
	for _, log := range logs {
		if text := read(log); strings.Contains(text, "is gone") || strings.Contains(text, "failed") {
			t.Errorf("the log says\n%s", text)
		}
	}
}
