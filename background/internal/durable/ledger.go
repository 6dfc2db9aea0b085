package durable

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

// queryTimeout bounds each statement.
const queryTimeout = 5 * time.Second

// SQL executes statements in one kind of database. They have the parameters $1,
// $2 …, each once and in this order. Times in them are integers.
type SQL interface {
	Exec(ctx context.Context, statement string, args ...any) (affected int64, err error)
	Query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error
}

// Dialect is what differs between the databases: expressions of SQL.
type Dialect struct {
	Now     string // microseconds since 1970 by the clock of the database
	Settled string // true once the database has been up for long enough for living workers to write a heartbeat
	LastOf  string // the last element of the list attempted_by
}

// Ledger implements [engine.Ledger] in two tables.
type Ledger struct {
	sql    SQL
	worker string

	mu     sync.Mutex // held while the worker's row is written
	joined bool       // the worker has had a row

	begin, read, claim, release, beat, join, leave, dead, forget string
}

func newLedger(sql SQL, dialect Dialect, worker string) *Ledger {
	fill := func(statement string) string {
		return strings.NewReplacer(
			"ALIVE", fmt.Sprintf("EXISTS (SELECT 1 FROM apiphant_worker w WHERE w.id = t.worker AND (w.beat > %s - %d OR NOT %s))",
				dialect.Now, deadAfter.Microseconds(), dialect.Settled),
			"NOW", dialect.Now,
		).Replace(statement)
	}
	return &Ledger{
		sql:    sql,
		worker: worker,
		begin: `INSERT INTO apiphant_task (name, spec, tick) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, tick = excluded.tick, tries = 0
			WHERE apiphant_task.spec <> excluded.spec`,
		read: fill(`SELECT name, spec, tick, tries,
			CASE WHEN worker IS NULL THEN 'free' WHEN worker = $1 THEN 'orphan' WHEN ALIVE THEN 'busy' ELSE 'orphan' END FROM apiphant_task AS t`),
		claim: fill(`UPDATE apiphant_task AS t SET tries = CASE WHEN tick = $1 THEN tries + 1 ELSE 1 END, tick = $2, worker = $3
			WHERE name = $4 AND spec = $5 AND tick = $6 AND (worker IS NULL OR worker = $7 OR NOT ALIVE)
			AND EXISTS (SELECT 1 FROM apiphant_worker me WHERE me.id = $8)`),
		release: `UPDATE apiphant_task SET worker = CASE WHEN $1 = 1 THEN NULL ELSE '' END WHERE name = $2 AND worker = $3`,
		beat:    fill(`UPDATE apiphant_worker SET beat = NOW WHERE id = $1`),
		join:    fill(`INSERT INTO apiphant_worker (id, beat) VALUES ($1, NOW) ON CONFLICT (id) DO UPDATE SET beat = NOW`),
		leave:   `DELETE FROM apiphant_worker WHERE id = $1`,
		dead: fill(`SELECT id FROM (SELECT id AS worker, id FROM apiphant_worker) AS t
			WHERE NOT ALIVE`),
		forget: fill(`DELETE FROM apiphant_worker AS t WHERE id = $1 AND NOT EXISTS (
			SELECT 1 FROM apiphant_worker w WHERE w.id = t.id AND w.beat > NOW - ` + fmt.Sprint(deadAfter.Microseconds()) + `)`),
	}
}

func (l *Ledger) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return l.sql.Exec(ctx, statement, args...)
}

func (l *Ledger) query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return l.sql.Query(ctx, statement, row, args...)
}

// Begin implements [engine.Ledger].
func (l *Ledger) Begin(ctx context.Context, task, spec string, first time.Time) error {
	if err := l.addWorker(ctx); err != nil {
		return err
	}
	_, err := l.exec(ctx, l.begin, task, spec, first.UnixNano())
	return err
}

// Read implements [engine.Ledger].
func (l *Ledger) Read(ctx context.Context) (map[string]engine.Entry, error) {
	entries := map[string]engine.Entry{}
	err := l.query(ctx, l.read, func(scan func(into ...any) error) error {
		var name, state string
		var entry engine.Entry
		var tick int64
		if err := scan(&name, &entry.Spec, &tick, &entry.Tries, &state); err != nil {
			return err
		}
		entry.Tick = time.Unix(0, tick).UTC()
		entry.Busy, entry.Orphan = state == "busy", state == "orphan"
		entries[name] = entry
		return nil
	}, l.worker)
	return entries, err
}

// Claim implements [engine.Ledger]. Of several workers that have seen the same
// tick, the statement of one changes a row.
func (l *Ledger) Claim(ctx context.Context, task string, seen engine.Entry, tick time.Time) (bool, error) {
	n := tick.UnixNano()
	affected, err := l.exec(ctx, l.claim, n, n, l.worker, task, seen.Spec, seen.Tick.UnixNano(), l.worker, l.worker)
	return affected == 1, err
}

// Release implements [engine.Ledger].
func (l *Ledger) Release(ctx context.Context, task string, done bool) error {
	finished := 0
	if done {
		finished = 1
	}
	_, err := l.exec(ctx, l.release, finished, task, l.worker)
	return err
}
