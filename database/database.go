// Package database opens the database of a program.
//
// A program has one database, and one pool of connections to it, which all that
// keep data there share. So a job that is enqueued in a transaction is committed
// with it:
//
//	pool, err := postgres.Of(ctx) // database/postgres
//	…
//	tx, err := pool.Begin(ctx)
//	…
//	err = jobs.EnqueueTx(ctx, tx, SendMail, args) // background/postgres
//	…
//	err = tx.Commit(ctx)
//
// Packages database/postgres and database/sqlite are the drivers.
package database

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Driver is a kind of database: sqlite.Driver() or postgres.Driver(). Drivers can
// be compared with ==.
type Driver interface {
	// Schemes are the schemes of the URLs that Open takes, such as "postgres".
	Schemes() []string

	// Open opens a database and returns an error if the database does not
	// answer. It changes nothing there.
	Open(ctx context.Context, url string) (DB, error)
}

// DB is an open database: a *postgres.DB or a *sqlite.DB, which have its pool.
// The methods may be called concurrently.
type DB interface {
	// Driver is the driver that has opened the database.
	Driver() Driver

	// Ping returns an error if the database does not answer until ctx ends.
	Ping(ctx context.Context) error

	// Stats returns the state of the pool.
	Stats() Stats

	// Lock waits until no other process has the lock of this database, and takes
	// it. It calls waiting once if it has to wait. The lock is free again after
	// unlock, and when the process ends in any way. Holding it takes no
	// connection from the pool.
	Lock(ctx context.Context, waiting func()) (unlock func(), err error)

	// Close closes all connections. It waits for those that are in use.
	Close()
}

// Stats is the state of a pool of connections.
type Stats struct {
	Max    int           // how many connections there may be
	InUse  int           // connections that somebody uses
	Idle   int           // connections that nobody uses
	Waits  int64         // how often somebody has waited for a connection
	Waited time.Duration // how long they have waited in total
}

// ErrURL is in the errors of [Open] for what is not the URL of a database.
var ErrURL = errors.New("want sqlite:///path or postgres://…")

// NoDriverError is returned by [Open] if none of the drivers has the URL's scheme.
type NoDriverError struct {
	Scheme string
	URL    string // without passwords
}

func (e *NoDriverError) Error() string {
	return fmt.Sprintf("%s: there is no driver for %s", e.URL, e.Scheme)
}

// Open opens the database of a URL with the driver that has its scheme. No error
// contains a password of the URL.
func Open(ctx context.Context, url string, drivers ...Driver) (DB, error) {
	scheme, _, found := strings.Cut(url, "://")
	if !found || !schemeForm.MatchString(scheme) { // then all of it may be a password
		return nil, fmt.Errorf("the URL has no scheme: %w", ErrURL)
	}
	for _, driver := range drivers {
		if !slices.Contains(driver.Schemes(), scheme) {
			continue
		}
		db, err := driver.Open(ctx, url)
		if err != nil {
			return nil, withoutSecrets(fmt.Errorf("%s: %w", redacted(url), err), url)
		}
		return db, nil
	}
	return nil, &NoDriverError{scheme, redacted(url)}
}

var schemeForm = regexp.MustCompile("^[a-z][a-z0-9+.-]*$")

type key struct{}

// With returns a context that [Of] finds db in. Programs call it, once.
func With(ctx context.Context, db DB) context.Context { return context.WithValue(ctx, key{}, db) }

// Of returns the database of the program, or [ErrNone]. Of in packages
// database/postgres and database/sqlite returns its pool.
func Of(ctx context.Context) (DB, error) {
	if db, ok := ctx.Value(key{}).(DB); ok {
		return db, nil
	}
	return nil, ErrNone
}

// ErrNone is returned by [Of] in a program that has no database.
var ErrNone = errors.New("there is no database: start the program with --database URL")
