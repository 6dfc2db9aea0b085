// Package postgres keeps tasks and jobs in a PostgreSQL database, for any number
// of workers on any number of machines. A product names it in api/background:
//
//	func Engines() []background.Engine { return []background.Engine{postgres.Engine()} }
package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/durable"
	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/database/postgres"
)

// Engine returns the engine for PostgreSQL, whose URLs are those of
// [postgres.Driver]. A worker uses one connection more than the URL's
// pool_max_conns, for its heartbeat, and if it has jobs another one, on which it is
// notified of them.
func Engine() background.Engine { return postgresEngine{} }

type postgresEngine struct{}

func (postgresEngine) Driver() database.Driver { return postgres.Driver() }

func (postgresEngine) Open(db database.DB, jobs []*engine.Definition, log *slog.Logger) (engine.Database, error) {
	of, ok := db.(*postgres.DB)
	if !ok {
		return nil, fmt.Errorf("want a PostgreSQL database, got a %T", db)
	}
	shared, err := durable.New(db, riverpgxv5.New(of.Pool), statements{of.Pool}, connect(of.Pool), dialect, jobs, log)
	if err != nil {
		return nil, err
	}
	return &tables{shared}, nil
}

var dialect = durable.Dialect{
	Now:    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
	LastOf: "attempted_by[array_upper(attempted_by, 1)]",
	Died: `jsonb_set(metadata, '{river:rescue_count}', to_jsonb(1 +
		CASE jsonb_typeof(metadata -> 'river:rescue_count') WHEN 'number' THEN (metadata ->> 'river:rescue_count')::int ELSE 0 END))`,
}

// connect opens a pool of one connection, which connects again where that breaks.
func connect(beside *pgxpool.Pool) durable.Connect {
	return func(ctx context.Context) (durable.SQL, func(), error) {
		config := beside.Config()
		config.MaxConns, config.MinConns, config.MinIdleConns = 1, 0, 0
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			return nil, nil, err
		}
		return statements{pool}, pool.Close, nil
	}
}

// tables are the tasks and jobs in a database.
type tables struct {
	*durable.Database[pgx.Tx]
}

// EnqueueTx is [background.Job.Enqueue] in a transaction on the program's
// database: the job is stored if and when tx is committed.
func EnqueueTx[A any](ctx context.Context, tx pgx.Tx, job *background.Job[A], args A) error {
	queue, err := engine.QueueOf(ctx)
	if err != nil {
		return err
	}
	of, ok := queue.(*tables)
	if !ok {
		return fmt.Errorf("the program's database is not PostgreSQL but a %T", queue)
	}
	encoded, err := job.Encode(args)
	if err != nil {
		return err
	}
	return of.EnqueueTx(ctx, tx, job.Definition(), encoded)
}

// statements executes statements of the ledger.
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
