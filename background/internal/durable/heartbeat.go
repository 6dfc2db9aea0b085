package durable

import (
	"context"
	"time"
)

const (
	// beatEvery is how often a worker writes its heartbeat.
	beatEvery = time.Second

	// lostAfter is when a worker gives up what it has because it could not write
	// its heartbeat: before others can take it for dead, see deadAfter.
	lostAfter = 10 * time.Second

	// silentAfter is after what time without a heartbeat of any other worker it is
	// assumed that nobody can write. Then a worker that can't write has lost nothing.
	silentAfter = 2 * time.Second

	beatTimeout = 3 * time.Second
	readTimeout = time.Second // of what follows a heartbeat

	// rescueEvery is how many heartbeats pass between two searches for jobs without a
	// worker.
	rescueEvery = 3
)

// beatResult is what a heartbeat, and reading the workers after it, has shown.
type beatResult struct {
	dead   []string // workers whose jobs nobody works
	looked bool     // the heartbeat was written, and the workers were read
}

// heartbeat is [engine.Ledger]'s Heartbeat, on a connection of its own, without
// what is done at the end. It calls rescue every rescueEvery heartbeats.
func (l *Ledger) heartbeat(ctx context.Context, own conn, lost func(), rescue func(ctx context.Context, beat beatResult)) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	watchdog := time.AfterFunc(lostAfter, lost)
	defer watchdog.Stop()
	others := watch{Ledger: l, conn: own}
	failed := false // since the last call of rescue
	last := time.Now()
	deadline := last.Add(lostAfter)
	for beats := 1; ctx.Err() == nil; beats++ {
		now := time.Now()
		takenForDead, err := l.writeBeat(ctx, own)
		seen, lookErr := others.look(ctx, err == nil)
		switch {
		case takenForDead || seen.takenForDead:
			lost()
			fallthrough
		case err == nil:
			deadline = now.Add(lostAfter)
		case lookErr == nil && seen.silent >= silentAfter:
			// As long as nobody else can write either, as where a transaction has
			// an SQLite file for itself, nobody takes anything over.
			deadline = deadline.Add(now.Sub(last))
		case now.Round(0).Sub(last.Round(0)) > lostAfter && watchdog.Stop():
			// The watchdog stands still while the machine is suspended; the wall
			// clock does not.
			lost()
			deadline = now
		}
		last = now
		if left := time.Until(deadline); left > 0 { // else the watchdog has called lost
			watchdog.Reset(left)
		}
		failed = failed || err != nil || lookErr != nil
		if beats%rescueEvery == 0 {
			rescue(ctx, beatResult{dead: seen.dead, looked: !failed})
			failed = false
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// addWorker adds the row of the worker, with which it is alive.
func (l *Ledger) addWorker(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.exec(ctx, l.statements.join, l.worker)
	l.joined = l.joined || err == nil
	return err
}

func (l *Ledger) hadRow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.joined
}

// writeBeat writes the heartbeat of the worker. If the worker had a row, and it
// is gone or has a mark, others have taken the worker for dead; it is alive again
// then.
func (l *Ledger) writeBeat(ctx context.Context, own conn) (takenForDead bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	affected, err := own.exec(ctx, l.statements.beat, l.worker)
	if err != nil {
		return false, err
	}
	if affected == 1 {
		l.joined = true // also where the answer to the join was lost
		return false, nil
	}
	takenForDead = l.joined
	_, err = own.exec(ctx, l.statements.join, l.worker)
	l.joined = l.joined || err == nil
	return takenForDead, err
}
