// Package enginetest tests what every engine has to do, whatever its database.
package enginetest

import (
	"context"
	"errors"
	"flag"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
)

// Engine is an engine that is tested.
type Engine struct {
	engine.Engine

	// NewURL returns the URL of a new database.
	NewURL func(t *testing.T) string

	// EnqueueIn enqueues a job with the argument 1 in a transaction of the pool
	// of db, and commits it or rolls it back.
	EnqueueIn func(ctx context.Context, db database.DB, job *background.Job[int], commit bool) error

	// Exec executes a statement of SQL, and returns how many rows it changed.
	Exec func(ctx context.Context, db database.DB, statement string) (int64, error)

	// List is the format of an SQL expression for a list of one text, of the type that
	// the column attempted_by has: "ARRAY[%s]". %s is an expression for the text.
	List string
}

// Main runs the tests of a package, eight at a time, since they wait more than
// they compute.
func Main(m *testing.M) int {
	flag.Parse()
	_ = flag.Set("test.parallel", "8")
	return m.Run()
}

// Run tests an engine.
func Run(t *testing.T, tested Engine) {
	s := suite{tested}
	for name, test := range map[string]func(*testing.T){
		"Jobs":            s.jobs,
		"Interrupted":     s.interrupted,
		"Refused":         s.refused,
		"UnknownJob":      s.unknownJob,
		"Transaction":     s.transaction,
		"MigrateAtOnce":   s.migrateAtOnce,
		"Stats":           s.stats,
		"Ledger":          s.ledger,
		"ClaimAtOnce":     s.claimAtOnce,
		"Tasks":           s.tasks,
		"TaskInterrupted": s.taskInterrupted,
		"ClaimUnanswered": s.claimUnanswered,
		"Ignoring":        s.ignoring,
		"ManyInterrupted": s.manyInterrupted,
		"Dead":            s.dead,
		"LeftBehind":      s.leftBehind,
		"Poison":          s.poison,
		"GivenUp":         s.givenUp,
		"Hold":            s.hold,
		"Once":            s.once,
		"ClockIsAhead":    s.clockIsAhead,
		"ClockIsSet":      s.clockIsSet,
		"FirstTables":     s.firstTables,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// RunQueue tests an engine that keeps jobs in a queue alone: it has no transactions, and
// no ledger of tasks. Only NewURL of the engine is used.
func RunQueue(t *testing.T, tested Engine) {
	s := suite{tested}
	for name, test := range map[string]func(*testing.T){
		"Interrupted":     s.interrupted,
		"Ignoring":        s.ignoring,
		"ManyInterrupted": s.manyInterrupted,
	} {
		t.Run(name, test)
	}
}

type suite struct{ Engine }

// limit bounds every wait.
const limit = 30 * time.Second

// connect opens a database, with a pool of its own.
func (s suite) connect(t *testing.T, url string) database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url, s.Driver())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// open opens a database as a process of its own does, and creates its tables.
func (s suite) open(t *testing.T, url string, jobs ...background.AnyJob) engine.Database {
	t.Helper()
	return s.openIn(t, s.connect(t, url), jobs...)
}

func (s suite) openIn(t *testing.T, db database.DB, jobs ...background.AnyJob) engine.Database {
	t.Helper()
	opened, err := worker.Open(s.product(jobs...), db, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return opened
}

func (s suite) product(jobs ...background.AnyJob) *background.Product {
	return &background.Product{
		Engines: func() []background.Engine { return []background.Engine{s.Engine} },
		Jobs:    func() []background.AnyJob { return jobs },
	}
}

// work runs a worker until stop is called or the test ends.
func (s suite) work(t *testing.T, db engine.Database, w worker.Worker, product *background.Product) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w.Product, w.Database = product, db
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the worker ended with %v", err)
			}
		case <-time.After(limit):
			t.Error("the worker does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// await returns the next n values.
func await[T any](t *testing.T, from <-chan T, n int) (values []T) {
	t.Helper()
	deadline := time.After(limit)
	for len(values) < n {
		select {
		case v := <-from:
			values = append(values, v)
		case <-deadline:
			t.Fatalf("waited %s for %d values, got %d: %v", limit, n, len(values), values)
		}
	}
	return values
}

// eventually waits until a condition holds that no event announces.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", limit, what)
		}
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func nothing(context.Context, int) error { return nil }
