package durable

import (
	"context"
	"time"
)

const (
	// beatEvery is how often a worker writes its heartbeat.
	beatEvery = time.Second

	// deadAfter is how old a heartbeat is when other workers take over what the
	// worker had. One that was frozen for less has lost nothing.
	deadAfter = 12 * time.Second

	// lostAfter is when a worker gives up what it has because it could not write
	// its heartbeat: before the others take it over.
	lostAfter = 10 * time.Second

	beatTimeout = 3 * time.Second
)

// heartbeat is [engine.Ledger]'s Heartbeat. It calls rescue at times, to take
// over what dead workers had.
func (l *Ledger) heartbeat(ctx context.Context, lost func(), rescue func(ctx context.Context)) error {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	watch := time.AfterFunc(lostAfter, lost)
	defer watch.Stop()
	for last, beats := time.Now(), 0; ; beats++ {
		// The timer of watch stands still while the machine is suspended; the
		// wall clock does not.
		now := time.Now()
		if now.Round(0).Sub(last.Round(0)) > lostAfter && watch.Stop() {
			lost()
		}
		takenForDead, err := l.writeBeat(ctx)
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

// addWorker adds the row of the worker, with which it is alive.
func (l *Ledger) addWorker(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.exec(ctx, l.join, l.worker)
	l.joined = l.joined || err == nil
	return err
}

// writeBeat writes the heartbeat of the worker. If the worker had a row and it
// is gone, others have taken it for dead; it adds a new one.
func (l *Ledger) writeBeat(ctx context.Context) (takenForDead bool, err error) {
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

// deadWorkers returns the workers whose heartbeat is too old.
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
