package sqlite

import (
	"context"
	"errors"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const lockPause = 100 * time.Millisecond // between two attempts to take the lock

// Lock implements [database.DB]. It is SQLite's own lock of a second, empty file
// beside the database, PATH-lock: a lock of the database itself would be in the
// way of the statements that it is held for.
func (d *DB) Lock(ctx context.Context, waiting func()) (unlock func(), err error) {
	file, err := openFile(d.path+"-lock", 0, "_txlock=exclusive")
	if err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		tx, err := file.BeginTx(context.WithoutCancel(ctx), nil)
		switch {
		case err == nil:
			return func() { _ = errors.Join(tx.Rollback(), file.Close()) }, nil
		case !isBusy(err):
			return nil, errors.Join(err, file.Close())
		case first:
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		case <-time.After(lockPause):
		}
	}
}

func isBusy(err error) bool {
	var found *sqlite.Error
	return errors.As(err, &found) && found.Code()&0xff == sqlite3.SQLITE_BUSY
}
