// Package sqlite keeps jobs and ticks in a file, for the workers of one machine.
// A product names it in api/background:
//
//	func Engines() []background.Engine { return []background.Engine{sqlite.Engine()} }
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/durable"
)

// Engine returns the engine for sqlite:// URLs: sqlite:///var/lib/jobs.db is an
// absolute path, sqlite://jobs.db one that is relative to the working directory.
// The file is made if it is not there.
func Engine() background.Engine { return driver{} }

type driver struct{}

func (driver) Schemes() []string { return []string{"sqlite"} }

func (driver) Open(ctx context.Context, url string, jobs []*engine.Definition, log *slog.Logger) (engine.Database, error) {
	pool, err := Open(url)
	if err != nil {
		return nil, err
	}
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	shared, err := durable.New(riversqlite.New(pool), statements{pool}, dialect, jobs, log)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &database{shared, pool}, nil
}

// Open opens the file of a sqlite:// URL as the engine does: with one
// connection, transactions that take the right to write when they begin, five
// seconds of patience for others that write, and a write-ahead log. It is for
// products that keep their own data in the same file.
func Open(from string) (*sql.DB, error) {
	path, ok := strings.CutPrefix(from, "sqlite://")
	if !ok || path == "" || strings.ContainsAny(path, "?#") {
		return nil, errors.New("want sqlite:///absolute/path or sqlite://relative/path, without ? and #")
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s", filepath.Dir(path))
	}
	pool, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()+
		"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	return pool, nil
}

var dialect = durable.Dialect{
	Now:     "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
	Settled: "(1 = 1)",
	LastOf:  "json_extract(attempted_by, '$[#-1]')",
}

type database struct {
	*durable.Database[*sql.Tx]
	pool *sql.DB
}

// Migrate implements [engine.Database]. Where another process does the same
// in the same moment, one of the two finds it done.
func (d *database) Migrate(ctx context.Context) (err error) {
	for range 10 {
		if err = d.Database.Migrate(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

func (d *database) Close() error { return d.pool.Close() }

type statements struct{ pool *sql.DB }

func (s statements) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := s.pool.ExecContext(ctx, numbered(statement), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s statements) Query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error {
	rows, err := s.pool.QueryContext(ctx, numbered(statement), args...)
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

// numbered writes $1 as SQLite does.
func numbered(statement string) string { return parameters.Replace(statement) }

var parameters = strings.NewReplacer("$1", "?1", "$2", "?2", "$3", "?3", "$4", "?4", "$5", "?5", "$6", "?6", "$7", "?7")

// EnqueueTx is [background.Job.Enqueue] in a transaction of the caller's, on the
// program's file: the job is there if and when tx is committed. While tx is
// open, Enqueue itself would wait for it.
func EnqueueTx[A any](ctx context.Context, tx *sql.Tx, job *background.Job[A], args A) error {
	queue, err := engine.QueueOf(ctx)
	if err != nil {
		return err
	}
	of, ok := queue.(*database)
	if !ok {
		return fmt.Errorf("the program's --database is no SQLite: it was opened by %T", queue)
	}
	encoded, err := job.Encode(args)
	if err != nil {
		return err
	}
	return of.EnqueueTx(ctx, tx, job.Definition(), encoded)
}
