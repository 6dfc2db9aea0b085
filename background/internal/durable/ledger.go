package durable

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

const (
	// beatEvery is how often a worker says that it is alive.
	beatEvery = time.Second

	// deadAfter is for how long it is not heard of until the others take what
	// it has. One that was frozen for less has lost nothing.
	deadAfter = 12 * time.Second

	// lostAfter is when it gives up itself what it has, before the others take it.
	lostAfter = 10 * time.Second

	// queryTimeout bounds each question to the database, beatTimeout a beat.
	queryTimeout = 5 * time.Second
	beatTimeout  = 3 * time.Second
)

// SQL is one kind of database. Statements have $1, $2 … once each and in this
// order; times are whole numbers.
type SQL interface {
	Exec(ctx context.Context, statement string, args ...any) (affected int64, err error)
	Query(ctx context.Context, statement string, row func(scan func(into ...any) error) error, args ...any) error
}

// Dialect is how the databases differ.
type Dialect struct {
	Now     string // microseconds since 1970 by the database's clock
	Settled string // whether it is up for long enough for a living worker to have said so
	LastOf  string // the last element of the list attempted_by
}

// tables are apiphant's own. A worker that is not in the first one is not alive.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS apiphant_worker (id TEXT PRIMARY KEY, beat BIGINT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS apiphant_task (
		name   TEXT PRIMARY KEY,
		spec   TEXT NOT NULL,
		tick   BIGINT NOT NULL,            -- the last one that was taken, in nanoseconds since 1970
		worker TEXT,                       -- who has the task; NULL: nobody; '': nobody, and tick is to be done again
		tries  INTEGER NOT NULL DEFAULT 0  -- how often tick was taken
	)`,
}

// Ledger is a [engine.Ledger] in two tables.
type Ledger struct {
	sql    SQL
	worker string

	mu     sync.Mutex
	joined bool // the worker has said that it is alive

	begin, read, claim, release, beat, join, leave, dead, bury string
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
			CASE WHEN worker IS NULL THEN 'free' WHEN ALIVE THEN 'busy' ELSE 'orphan' END FROM apiphant_task AS t`),
		claim: fill(`UPDATE apiphant_task AS t SET tries = CASE WHEN tick = $1 THEN tries + 1 ELSE 1 END, tick = $2, worker = $3
			WHERE name = $4 AND spec = $5 AND tick = $6 AND (worker IS NULL OR NOT ALIVE)
			AND EXISTS (SELECT 1 FROM apiphant_worker me WHERE me.id = $7)`),
		release: `UPDATE apiphant_task SET worker = CASE WHEN $1 = 1 THEN NULL ELSE '' END WHERE name = $2 AND worker = $3`,
		beat:    fill(`UPDATE apiphant_worker SET beat = NOW WHERE id = $1`),
		join:    fill(`INSERT INTO apiphant_worker (id, beat) VALUES ($1, NOW) ON CONFLICT (id) DO UPDATE SET beat = NOW`),
		leave:   `DELETE FROM apiphant_worker WHERE id = $1`,
		dead: fill(`SELECT id FROM (SELECT id AS worker, id FROM apiphant_worker) AS t
			WHERE NOT ALIVE`),
		bury: fill(`DELETE FROM apiphant_worker AS t WHERE id = $1 AND NOT EXISTS (
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
	if err := l.sayHello(ctx); err != nil {
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
	})
	return entries, err
}

// Claim implements [engine.Ledger]: of all workers that see the same tick,
// the update finds it for one.
func (l *Ledger) Claim(ctx context.Context, task string, seen engine.Entry, tick time.Time) (bool, error) {
	n := tick.UnixNano()
	affected, err := l.exec(ctx, l.claim, n, n, l.worker, task, seen.Spec, seen.Tick.UnixNano(), l.worker)
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

// keep is [engine.Ledger]'s Keep. rescue is called now and then, for what
// dead workers left behind.
func (l *Ledger) keep(ctx context.Context, lost func(), rescue func(ctx context.Context)) error {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	watch := time.AfterFunc(lostAfter, lost)
	defer watch.Stop()
	for last, beats := time.Now(), 0; ; beats++ {
		// A machine that sleeps does not count what the watch waits for; the
		// clock on the wall goes on.
		now := time.Now()
		if now.Round(0).Sub(last.Round(0)) > lostAfter && watch.Stop() {
			lost()
		}
		takenForDead, err := l.sayAlive(ctx)
		if takenForDead {
			lost()
		}
		if err == nil {
			last = now
			watch.Reset(lostAfter - time.Since(now))
			if beats%3 == 2 {
				bounded, cancel := context.WithTimeout(ctx, beatEvery)
				rescue(bounded)
				cancel()
			}
		}
		select {
		case <-ctx.Done():
			_, err := l.exec(context.WithoutCancel(ctx), l.leave, l.worker)
			return err
		case <-ticker.C:
		}
	}
}

// sayHello makes the worker one of those that are alive.
func (l *Ledger) sayHello(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.exec(ctx, l.join, l.worker)
	l.joined = l.joined || err == nil
	return err
}

// sayAlive writes the worker's beat. Where the others have taken it for dead,
// it begins anew.
func (l *Ledger) sayAlive(ctx context.Context) (takenForDead bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	affected, err := l.exec(ctx, l.beat, l.worker)
	if err != nil || affected == 1 {
		return false, err
	}
	takenForDead = l.joined
	_, err = l.exec(ctx, l.join, l.worker)
	l.joined = l.joined || err == nil
	return takenForDead, err
}

// deadWorkers returns those that were not heard of.
func (l *Ledger) deadWorkers(ctx context.Context) (dead []string, err error) {
	err = l.query(ctx, l.dead, func(scan func(into ...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		dead = append(dead, id)
		return nil
	})
	return dead, err
}
