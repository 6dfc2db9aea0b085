// Package sqlite opens files of SQLite.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver of database/sql

	"github.com/apiphant/apiphant/database"
)

// BusyTimeout is how long a statement waits for another process that writes,
// until it fails with SQLITE_BUSY.
const BusyTimeout = 5 * time.Second

const connectPause = 20 * time.Millisecond // between two attempts to create the write-ahead log

// maxReaders is how many connections read at the same time.
const maxReaders = 8

// DB is an open file. SQLite has one writer at a time, and any number of readers
// beside it (write-ahead log).
type DB struct {
	// Write has one connection, so that the process waits in a queue to write,
	// in order, and not for the file's lock. Its transactions take the right to
	// write when they begin. A goroutine that has one open must not ask Write
	// for another.
	Write *sql.DB

	// Read has connections that can't write. They see what was committed before
	// their statement or transaction began.
	Read *sql.DB

	path string
}

// Driver returns the driver for sqlite:// URLs: sqlite:///var/lib/jobs.db is an
// absolute path, sqlite://jobs.db one relative to the working directory. The
// file is created if it does not exist.
func Driver() database.Driver { return driver{} }

type driver struct{}

func (driver) Schemes() []string { return []string{"sqlite"} }

func (driver) Open(ctx context.Context, text string) (database.DB, error) {
	db, err := open(ctx, text)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Open opens a file as a program does with its --database.
func Open(ctx context.Context, url string) (*DB, error) {
	db, err := database.Open(ctx, url, Driver())
	if err != nil {
		return nil, err
	}
	return db.(*DB), nil
}

// Of returns the program's database. It is an error if that is not SQLite.
func Of(ctx context.Context) (*DB, error) {
	db, err := database.Of(ctx)
	if err != nil {
		return nil, err
	}
	of, ok := db.(*DB)
	if !ok {
		return nil, fmt.Errorf("the program's database is not SQLite but a %T", db)
	}
	return of, nil
}

func open(ctx context.Context, text string) (*DB, error) {
	path := strings.TrimPrefix(text, "sqlite://")
	if path == "" || strings.ContainsAny(path, "?#") {
		return nil, errors.New("want sqlite:///absolute/path or sqlite://relative/path, without ? and #")
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, errors.New("there is no folder for the file")
	}
	db := &DB{path: path}
	if db.Write, err = openFile(path, BusyTimeout, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(NORMAL)"); err != nil {
		return nil, err
	}
	if db.Read, err = openFile(path, BusyTimeout, "_pragma=query_only(1)"); err != nil {
		db.Write.Close()
		return nil, err
	}
	db.Write.SetMaxOpenConns(1)
	db.Read.SetMaxOpenConns(maxReaders)
	db.Read.SetMaxIdleConns(maxReaders)
	if err := errors.Join(db.connect(ctx), db.Ping(ctx)); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// connect makes the first connection, which creates the file and its write-ahead log.
// SQLite does not wait for the lock that it needs to begin with the log: it fails at once
// where another process does so at the same time. So that is tried for as long as other
// statements wait.
func (d *DB) connect(ctx context.Context) error {
	for began := time.Now(); ; {
		err := d.Write.PingContext(ctx)
		if !isBusy(err) || time.Since(began) >= BusyTimeout {
			return err
		}
		select {
		case <-time.After(connectPause):
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// openFile returns a pool whose connections have these settings.
func openFile(path string, busy time.Duration, settings ...string) (*sql.DB, error) {
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	settings = append(settings, fmt.Sprintf("_pragma=busy_timeout(%d)", busy.Milliseconds()))
	return sql.Open("sqlite", file.String()+"?"+strings.Join(settings, "&"))
}

// Driver implements [database.DB].
func (d *DB) Driver() database.Driver { return driver{} }

// Ping implements [database.DB]. It reads, so that it answers beside a long
// transaction that writes.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	return d.Read.QueryRowContext(ctx, "SELECT 1 FROM sqlite_master UNION SELECT 1").Scan(&one)
}

// Stats implements [database.DB].
func (d *DB) Stats() (sum database.Stats) {
	for _, pool := range []*sql.DB{d.Write, d.Read} {
		stats := pool.Stats()
		sum.Max += stats.MaxOpenConnections
		sum.InUse += stats.InUse
		sum.Idle += stats.Idle
		sum.Waits += stats.WaitCount
		sum.Waited += stats.WaitDuration
	}
	return sum
}

// Close implements [database.DB].
func (d *DB) Close() { _ = errors.Join(d.Read.Close(), d.Write.Close()) }
