// Package postgres opens PostgreSQL databases.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/apiphant/apiphant/database"
)

// DefaultMaxConns is how many connections a pool has at most where the URL does
// not say pool_max_conns.
const DefaultMaxConns = 10

// connectTimeout bounds how long connecting takes, where the URL has no
// connect_timeout that is shorter.
const connectTimeout = 10 * time.Second

// DB is an open PostgreSQL database.
type DB struct {
	Pool *pgxpool.Pool
}

// Driver returns the driver for postgres:// and postgresql:// URLs, which are
// those of libpq. Their parameter pool_max_conns is how many connections a
// process uses at most.
func Driver() database.Driver { return driver{} }

type driver struct{}

func (driver) Schemes() []string { return []string{"postgres", "postgresql"} }

func (driver) Open(ctx context.Context, text string) (database.DB, error) {
	db, err := open(ctx, text)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Open opens a database as a program does with its --database.
func Open(ctx context.Context, url string) (*DB, error) {
	db, err := database.Open(ctx, url, Driver())
	if err != nil {
		return nil, err
	}
	return db.(*DB), nil
}

// Of returns the pool of the program's database. It is an error if that is not
// PostgreSQL.
func Of(ctx context.Context) (*pgxpool.Pool, error) {
	db, err := database.Of(ctx)
	if err != nil {
		return nil, err
	}
	of, ok := db.(*DB)
	if !ok {
		return nil, fmt.Errorf("the program's database is not PostgreSQL but a %T", db)
	}
	return of.Pool, nil
}

func open(ctx context.Context, text string) (*DB, error) {
	if err := database.CheckUserinfo(text); err != nil {
		return nil, err
	}
	// What the two libraries say of a URL that they can't read has parts of it.
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, errURL
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, errURL
	}
	if !parsed.Query().Has("pool_max_conns") {
		config.MaxConns = DefaultMaxConns
	}
	if limit := config.ConnConfig.ConnectTimeout; limit <= 0 || limit > connectTimeout {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return &DB{pool}, nil
}

var errURL = errors.New("the URL can't be parsed: want postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE, with parameters of libpq, and pool_max_conns of 1 or more")

// Driver implements [database.DB].
func (d *DB) Driver() database.Driver { return driver{} }

// Ping implements [database.DB].
func (d *DB) Ping(ctx context.Context) error { return d.Pool.Ping(ctx) }

// Stats implements [database.DB].
func (d *DB) Stats() database.Stats {
	stat := d.Pool.Stat()
	return database.Stats{
		Max:    int(stat.MaxConns()),
		InUse:  int(stat.AcquiredConns()),
		Idle:   int(stat.IdleConns()),
		Waits:  stat.EmptyAcquireCount(),
		Waited: stat.EmptyAcquireWaitTime(),
	}
}

// Close implements [database.DB].
func (d *DB) Close() { d.Pool.Close() }
