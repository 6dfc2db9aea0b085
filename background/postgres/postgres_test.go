//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/postgres"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/database"
	server "github.com/apiphant/apiphant/database/postgres"
	"github.com/apiphant/apiphant/internal/pgtest"
)

func TestEngine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long; the engine of SQLite is tested in the same way")
	}
	enginetest.Run(t, enginetest.Engine{
		Engine:    postgres.Engine(),
		NewURL:    func(t *testing.T) string { return pgtest.NewDatabase(t) },
		EnqueueIn: enqueueIn,
		Exec:      execute,
		List:      "ARRAY[%s]",
	})
}

func execute(ctx context.Context, db database.DB, statement string) (int64, error) {
	tag, err := db.(*server.DB).Pool.Exec(ctx, statement)
	return tag.RowsAffected(), err
}

func enqueueIn(ctx context.Context, db database.DB, job *background.Job[int], commit bool) error {
	tx, err := db.(*server.DB).Pool.Begin(ctx)
	if err != nil {
		return err
	}
	if err := postgres.EnqueueTx(ctx, tx, job, 1); err != nil || !commit {
		return errors.Join(err, tx.Rollback(ctx))
	}
	return tx.Commit(ctx)
}

// product is a product with one task, one job, or both.
func product(tasks []background.Task, jobs ...background.AnyJob) *background.Product {
	return &background.Product{
		Engines: func() []background.Engine { return []background.Engine{postgres.Engine()} },
		Jobs:    func() []background.AnyJob { return jobs },
		Tasks:   func() []background.Task { return tasks },
	}
}

// open opens the tasks and jobs of a product, in a pool of their own.
func open(t *testing.T, product *background.Product, url string) (*server.DB, engine.Database) {
	t.Helper()
	db, err := server.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db, openIn(t, product, db)
}

func openIn(t *testing.T, product *background.Product, db *server.DB) engine.Database {
	t.Helper()
	opened, err := worker.Open(product, db, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return opened
}

// connect connects to a database beside all pools.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// start runs a worker. It ends with the test, or when end is called.
func start(t *testing.T, w worker.Worker) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(limit):
			t.Error("the worker does not end")
		}
	}
}

// limit bounds every wait.
const limit = 30 * time.Second

// TestOnePool tests that all engines of a process share the pool of their
// database: a pool of one connection, and beside it one for the heartbeat of a
// worker, and one on which it is notified of jobs.
func TestOnePool(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t)
	ran := make(chan int, 10)
	job := background.NewJob("job", func(_ context.Context, n int) error { ran <- n; return nil })
	tasks := []background.Task{{Name: "task", Every: time.Hour, Run: func(ctx context.Context) error { return job.Enqueue(ctx, 1) }}}
	p := product(tasks, job)
	db, first := open(t, p, url+"&pool_max_conns=1&application_name=shared")
	second := openIn(t, p, db)
	defer start(t, worker.Worker{Product: p, Database: first})()
	if err := job.Enqueue(engine.WithQueue(t.Context(), second), 2); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for range 2 {
		select {
		case n := <-ran:
			sum += n
		case <-time.After(limit):
			t.Fatal("a pool of one connection does not suffice")
		}
	}
	if sum != 3 {
		t.Errorf("the arguments of the jobs sum up to %d, want 3", sum)
	}
	var count int
	if err := connect(t, url).QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shared'").Scan(&count); err != nil || count != 3 {
		t.Errorf("the process has %d connections, %v, want 1 in the pool, 1 for the heartbeat and 1 for notifications", count, err)
	}
}

// TestRunningElsewhere tests that a job which another worker has been running for
// two days is left alone by the worker that leads and does not know it.
func TestRunningElsewhere(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t)
	ran := make(chan int, 1)
	known := background.NewJob("known", func(_ context.Context, n int) error { ran <- n; return nil })
	known.Delay = time.Second // so that it is the leader who makes it available
	unknown := background.NewJob("unknown", func(context.Context, int) error { return nil })
	_, other := open(t, product(nil, known, unknown), url)
	ctx := engine.WithQueue(t.Context(), other)
	if err := errors.Join(unknown.Enqueue(ctx, 1), known.Enqueue(ctx, 1)); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_by = '{other}',
		attempted_at = now() - interval '2 days' WHERE kind = 'unknown'`); err != nil {
		t.Fatal(err)
	}
	p := product(nil, known)
	_, opened := open(t, p, url)
	defer start(t, worker.Worker{Product: p, Database: opened})()
	select {
	case <-ran:
	case <-time.After(limit):
		t.Fatal("nobody leads")
	}
	var state string
	if err := conn.QueryRow(t.Context(), "SELECT state FROM river_job WHERE kind = 'unknown'").Scan(&state); err != nil || state != "running" {
		t.Errorf("the job that runs elsewhere is %s, %v, want running", state, err)
	}
}

// TestDatabaseAwayAtStart tests that a worker which starts to work jobs while the
// database is away does so as soon as it is back.
func TestDatabaseAwayAtStart(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	ran := make(chan int, 1)
	job := background.NewJob("job", func(_ context.Context, n int) error { ran <- n; return nil })
	p := product(nil, job)
	db, opened := open(t, p, cluster.URL("postgres"))
	if err := job.Enqueue(engine.WithQueue(t.Context(), opened), 1); err != nil {
		t.Fatal(err)
	}
	log := logged{slog.DiscardHandler, make(chan string, 100)}
	opened, err := worker.Open(p, db, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	cluster.Stop(syscall.SIGQUIT)
	defer start(t, worker.Worker{Product: p, Database: opened})()
	for timeout, message := time.After(limit), ""; !strings.HasPrefix(message, "The database of the jobs does not answer"); {
		select {
		case message = <-log.messages:
		case <-timeout:
			t.Fatal("the log does not say that the database is away")
		}
	}
	if err := cluster.Run(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ran:
	case <-time.After(limit):
		t.Fatal("the job is not worked")
	}
}

// logged passes on the messages of a log.
type logged struct {
	slog.Handler
	messages chan string
}

func (logged) Enabled(context.Context, slog.Level) bool { return true }

func (l logged) Handle(_ context.Context, record slog.Record) error {
	select {
	case l.messages <- record.Message:
	default:
	}
	return nil
}

// TestUserWithoutDDL tests that a user who may not create tables can start a
// program where the tables are up to date.
func TestUserWithoutDDL(t *testing.T) {
	t.Parallel()
	url := pgtest.NewDatabase(t)
	owner := connect(t, url)
	role := fmt.Sprintf("worker%d", time.Now().UnixNano()) // roles are the server's, not the database's
	for _, statement := range []string{
		"REVOKE CREATE ON SCHEMA public FROM PUBLIC", "CREATE ROLE " + role + " LOGIN",
		"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO " + role,
		"ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO " + role,
	} {
		if _, err := owner.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	job := background.NewJob("job", func(context.Context, int) error { return nil })
	limited, err := server.Open(t.Context(), strings.Replace(url, "postgres@", role+"@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer limited.Close()
	opened, err := worker.Open(product(nil, job), limited, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("without tables: got %v, want that permission is denied", err)
	}
	open(t, product(nil, job), url)
	if err := opened.Migrate(t.Context()); err != nil {
		t.Errorf("with tables that are up to date: %v", err)
	}
	if err := job.Enqueue(engine.WithQueue(t.Context(), opened), 1); err != nil {
		t.Error(err)
	}
}

// TestTakenForDead tests that a worker which others have taken for dead cancels
// what it runs, and that the tick is repeated.
func TestTakenForDead(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 10)
	began := make(chan time.Time, 10)
	p := product([]background.Task{{Name: "task", Every: time.Hour, Run: func(ctx context.Context) error {
		began <- background.Tick(ctx)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return ctx.Err()
	}}})
	url := pgtest.NewDatabase(t)
	_, opened := open(t, p, url)
	defer start(t, worker.Worker{Product: p, Database: opened, Drain: -1})()
	first := <-began
	if _, err := connect(t, url).Exec(t.Context(), "DELETE FROM apiphant_worker"); err != nil {
		t.Fatal(err)
	}
	timeout := time.After(limit)
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "taken its tasks over") {
			t.Errorf("the context ended because of %v", err)
		}
	case <-timeout:
		t.Fatal("the task goes on")
	}
	select {
	case again := <-began:
		if !again.Equal(first) {
			t.Errorf("the tick of %s was repeated as that of %s", first, again)
		}
	case <-timeout:
		t.Fatal("the tick is not repeated")
	}
}
