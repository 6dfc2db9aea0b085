package durable

import (
	"context"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

// queryTimeout is the longest time that a statement may take.
const queryTimeout = 5 * time.Second

// SQL executes statements in one kind of database. They have the parameters $1,
// $2 …, each once and in this order. Times in them are integers.
type SQL interface {
	Exec(ctx context.Context, statement string, args ...any) (affected int64, err error)
	Query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error
}

// Dialect is what differs between the databases: expressions of SQL.
type Dialect struct {
	Now    string // microseconds since 1970 by the clock of the database
	LastOf string // the last element of the list attempted_by of a job
	Died   string // metadata of a job, with one more in river:rescue_count
}

// conn executes statements, each within queryTimeout.
type conn struct{ sql SQL }

func (c conn) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return c.sql.Exec(ctx, statement, args...)
}

func (c conn) query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return c.sql.Query(ctx, statement, row, args...)
}

// Ledger implements [engine.Ledger] in two tables.
type Ledger struct {
	conn
	worker     string
	statements statements
	clock      clock

	mu     sync.Mutex // held while the worker's row is written
	joined bool       // the worker has had a row
}

func newLedger(sql SQL, dialect Dialect, worker string) *Ledger {
	return &Ledger{conn: conn{sql}, worker: worker, statements: newStatements(dialect)}
}

// Begin implements [engine.Ledger].
func (l *Ledger) Begin(ctx context.Context, task, spec string, first time.Time) error {
	if err := l.addWorker(ctx); err != nil {
		return err
	}
	_, err := l.exec(ctx, l.statements.begin, task, spec, first.UnixNano())
	return err
}

// Read implements [engine.Ledger].
func (l *Ledger) Read(ctx context.Context) (engine.State, error) {
	asked := time.Now()
	read := engine.State{Tasks: map[string]engine.Entry{}}
	err := l.query(ctx, l.statements.read, func(scan func(into ...any) error) error {
		var name, state string
		var entry engine.Entry
		var tick int64
		if err := scan(&name, &entry.Spec, &tick, &entry.Tries, &state); err != nil {
			return err
		}
		if name == "" {
			read.Now = l.setClock(tick, asked)
			return nil
		}
		entry.Tick = time.Unix(0, tick).UTC()
		entry.Busy, entry.Orphan = state == "busy", state == "orphan"
		read.Tasks[name] = entry
		return nil
	}, l.worker, l.worker)
	return read, err
}

// setClock keeps the time that the database has answered, in microseconds since 1970,
// to the question of the moment asked. It returns that time.
func (l *Ledger) setClock(micros int64, asked time.Time) time.Time {
	now := time.UnixMicro(micros).UTC()
	l.clock.set(now, asked)
	return now
}

// Claim implements [engine.Ledger]. If several workers claim the same tick, only the
// first statement changes the row.
func (l *Ledger) Claim(ctx context.Context, task string, seen engine.Entry, tick time.Time) (bool, error) {
	n := tick.UnixNano()
	affected, err := l.exec(ctx, l.statements.claim, n, n, l.worker, task, seen.Spec, seen.Tick.UnixNano(), l.worker, l.worker)
	return affected == 1, err
}

// Release implements [engine.Ledger].
func (l *Ledger) Release(ctx context.Context, task string, done bool) error {
	finished := 0
	if done {
		finished = 1
	}
	_, err := l.exec(ctx, l.statements.release, finished, task, l.worker)
	return err
}

// TakeBack implements [engine.Ledger].
func (l *Ledger) TakeBack(ctx context.Context, task string, seen engine.Entry, tick time.Time) error {
	_, err := l.exec(ctx, l.statements.takeBack, tick.UnixNano(), task, seen.Spec, seen.Tick.UnixNano())
	return err
}

// Hold implements [engine.Ledger]. A task that is not registered gets a row with
// an empty schedule, which its Begin will replace.
func (l *Ledger) Hold(ctx context.Context, task string) (bool, error) {
	if err := l.addWorker(ctx); err != nil {
		return false, err
	}
	if _, err := l.exec(ctx, l.statements.add, task); err != nil {
		return false, err
	}
	affected, err := l.exec(ctx, l.statements.hold, l.worker, task, l.worker, l.worker)
	return affected == 1, err
}

// Free implements [engine.Ledger].
func (l *Ledger) Free(ctx context.Context, task string) error {
	_, err := l.exec(ctx, l.statements.free, task, l.worker)
	return err
}
