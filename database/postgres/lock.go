package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// lockKey is the key of the advisory lock. It is "apiphant" in ASCII, which
	// no other program is likely to use.
	lockKey = 0x6170_6970_6861_6e74

	lockPause = 100 * time.Millisecond // between two attempts to take the lock
)

// Lock implements [database.DB]. It is an advisory lock on a connection beside
// the pool, so that a pool of one connection is left for the work. It is not
// waited for within a statement, since some migrations (CREATE INDEX
// CONCURRENTLY) wait for all statements to end.
func (d *DB) Lock(ctx context.Context, waiting func()) (unlock func(), err error) {
	conn, err := pgx.ConnectConfig(ctx, d.Pool.Config().ConnConfig)
	if err != nil {
		return nil, err
	}
	// Whatever happens to unlock's statement, the lock ends with the connection.
	unlock = func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}
	for first := true; ; first = false {
		var locked bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(lockKey)).Scan(&locked)
		switch {
		case err != nil:
			unlock()
			return nil, err
		case locked:
			return unlock, nil
		case first:
			waiting()
		}
		select {
		case <-ctx.Done():
			unlock()
			return nil, context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}
