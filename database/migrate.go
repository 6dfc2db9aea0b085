package database

import (
	"context"
	"log/slog"
)

// Migration brings some tables of a database up to date.
type Migration struct {
	// Pending reports whether there is anything to do. It changes nothing, so
	// that a user who may not change tables can start the program where all is
	// up to date.
	Pending func(ctx context.Context) (bool, error)

	// Apply does it.
	Apply func(ctx context.Context) error
}

// Migrate applies a migration if it is pending. One process does so at a time;
// the others wait, and find it done. A line in the log says that a process waits.
func Migrate(ctx context.Context, db DB, log *slog.Logger, migration Migration) error {
	pending, err := migration.Pending(ctx)
	if err != nil || !pending {
		return err
	}
	unlock, err := db.Lock(ctx, func() {
		log.InfoContext(ctx, "Waiting for another process that brings the tables of the database up to date")
	})
	if err != nil {
		return err
	}
	defer unlock()
	pending, err = migration.Pending(ctx) // another process may have done it since
	if err != nil || !pending {
		return err
	}
	return migration.Apply(ctx)
}
