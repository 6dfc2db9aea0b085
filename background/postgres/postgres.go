// Package postgres keeps jobs and ticks in a PostgreSQL database, for any number
// of workers on any number of machines. A product names it in api/background:
//
//	func Engines() []background.Engine { return []background.Engine{postgres.Engine()} }
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/durable"
)

// Engine returns the engine for postgres:// and postgresql:// URLs, which are
// libpq's. pool_max_conns in one is how many connections it may use, 10 by default.
func Engine() background.Engine { return driver{} }

type driver struct{}

func (driver) Schemes() []string { return []string{"postgres", "postgresql"} }

func (driver) Open(ctx context.Context, url string, jobs []*engine.Definition, log *slog.Logger) (engine.Database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("it can't be read: want postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = defaultConns
	}
	config.ConnConfig.ConnectTimeout = min(max(config.ConnConfig.ConnectTimeout, time.Second), 10*time.Second)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	shared, err := durable.New(riverpgxv5.New(pool), statements{pool}, dialect, jobs, log)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &database{shared, pool}, nil
}

const defaultConns = 10

var dialect = durable.Dialect{
	Now:     "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
	Settled: "(clock_timestamp() > pg_postmaster_start_time() + interval '5 seconds')",
	LastOf:  "attempted_by[array_upper(attempted_by, 1)]",
}

type database struct {
	*durable.Database[pgx.Tx]
	pool *pgxpool.Pool
}

// migrationLock is a number that nobody else locks, hopefully.
const migrationLock = 0x6170_6970_6861_6e74

// Migrate implements [engine.Database]. One at a time does so; the others
// don't wait inside of a statement, for which some migrations would have to wait.
func (d *database) Migrate(ctx context.Context) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	for {
		var locked bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(migrationLock)).Scan(&locked); err != nil {
			return err
		}
		if locked {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	}()
	return d.Database.Migrate(ctx)
}

func (d *database) Close() error {
	d.pool.Close()
	return nil
}

type statements struct{ pool *pgxpool.Pool }

func (s statements) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	tag, err := s.pool.Exec(ctx, statement, args...)
	return tag.RowsAffected(), err
}

func (s statements) Query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error {
	rows, err := s.pool.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// EnqueueTx is [background.Job.Enqueue] in a transaction of the caller's, on the
// program's database: the job is there if and when tx is committed.
func EnqueueTx[A any](ctx context.Context, tx pgx.Tx, job *background.Job[A], args A) error {
	queue, err := engine.QueueOf(ctx)
	if err != nil {
		return err
	}
	of, ok := queue.(*database)
	if !ok {
		return fmt.Errorf("the program's --database is no PostgreSQL: it was opened by %T", queue)
	}
	encoded, err := job.Encode(args)
	if err != nil {
		return err
	}
	return of.EnqueueTx(ctx, tx, job.Definition(), encoded)
}
