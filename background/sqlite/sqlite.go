// Package sqlite keeps tasks and jobs in a file, for workers on one machine. A
// product names it in api/background:
//
//	func Engines() []background.Engine { return []background.Engine{sqlite.Engine()} }
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"regexp"

	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/durable"
	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/database/sqlite"
)

// Engine returns the engine for SQLite, whose URLs are those of
// [sqlite.Driver].
func Engine() background.Engine { return sqliteEngine{} }

type sqliteEngine struct{}

func (sqliteEngine) Driver() database.Driver { return sqlite.Driver() }

func (sqliteEngine) Open(db database.DB, jobs []*engine.Definition, log *slog.Logger) (engine.Database, error) {
	file, ok := db.(*sqlite.DB)
	if !ok {
		return nil, fmt.Errorf("want an SQLite database, got a %T", db)
	}
	shared, err := durable.New(db, riversqlite.New(file.Write), statements{file}, connect(file), dialect, jobs, log)
	if err != nil {
		return nil, err
	}
	return &tables{shared}, nil
}

var dialect = durable.Dialect{
	Now:    "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
	LastOf: "json_extract(attempted_by, '$[#-1]')",
	Died:   `jsonb_set(metadata, '$."river:rescue_count"', coalesce(json_extract(metadata, '$."river:rescue_count"'), 0) + 1)`,
}

// tables are the tasks and jobs in a file.
type tables struct {
	*durable.Database[*sql.Tx]
}

var errBusy = errors.New("a transaction on the database was open all the time: if it is the caller's, enqueue in it, with EnqueueTx")

// Enqueue implements [engine.Queue]. It waits for transactions of this process
// as long as SQLite waits for those of others.
func (t *tables) Enqueue(ctx context.Context, job *engine.Definition, args []byte) error {
	bounded, cancel := context.WithTimeout(ctx, sqlite.BusyTimeout)
	defer cancel()
	err := t.Database.Enqueue(bounded, job, args)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return fmt.Errorf("%w: %w", err, errBusy)
	}
	return err
}

// EnqueueTx is [background.Job.Enqueue] in a transaction on the program's
// database: the job is stored if and when tx is committed. While tx is open,
// Enqueue itself would wait for its end.
func EnqueueTx[A any](ctx context.Context, tx *sql.Tx, job *background.Job[A], args A) error {
	queue, err := engine.QueueOf(ctx)
	if err != nil {
		return err
	}
	of, ok := queue.(*tables)
	if !ok {
		return fmt.Errorf("the program's database is not SQLite but a %T", queue)
	}
	encoded, err := job.Encode(args)
	if err != nil {
		return err
	}
	return of.EnqueueTx(ctx, tx, job.Definition(), encoded)
}

// statements executes statements of the ledger.
type statements struct{ file *sqlite.DB }

func (s statements) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := s.file.Write.ExecContext(ctx, numbered(statement), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s statements) Query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error {
	rows, err := s.file.Read.QueryContext(ctx, numbered(statement), args...)
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

// numbered writes the parameter $1 as SQLite does, ?1.
func numbered(statement string) string { return parameter.ReplaceAllString(statement, "?$1") }

var parameter = regexp.MustCompile(`\$([0-9])`)

// connect returns the connections of the file: where one that writes is in use,
// another one would have to wait as well.
func connect(file *sqlite.DB) durable.Connect {
	return func(context.Context) (durable.SQL, func(), error) { return statements{file}, func() {}, nil }
}
