package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// watchTime is how long the programs of a new release are watched. A version may begin
// well and end a moment later.
const watchTime = 10 * time.Second

// watchEvery is the time from one look at them to the next.
const watchEvery = 200 * time.Millisecond

func (d *Deployment) watchTime() time.Duration { return cmp.Or(d.shortWatch, watchTime) }

// watch remembers the processes of programs that were started.
func (w *work) watch(ctx context.Context, programs []Program) {
	if w.watched == nil {
		w.watched = map[string]int{}
	}
	for _, program := range programs {
		w.watched[program.Name] = w.manager.pid(ctx, program)
	}
}

// watchOthers has the programs watched, too, that the service manager has started by
// itself since the release is live.
func (w *work) watchOthers(ctx context.Context) {
	for _, program := range w.Programs() {
		if _, watched := w.watched[program.Name]; !watched {
			w.watch(ctx, []Program{program})
		}
	}
}

// watchStep returns to the release before if a program that was started ends, or becomes
// unhealthy, within watchTime.
func (w *work) watchStep() step {
	return step{fmt.Sprintf("Watch for %s whether all that was started goes on", watchTime), func(ctx context.Context) (string, error) {
		if len(w.watched) == 0 {
			return "nothing was started", nil
		}
		w.watchOthers(ctx)
		for began, over := time.Now(), false; !over; {
			over = time.Since(began) >= w.watchTime() // and one look more: the deployment may have been frozen
			if err := w.lookAfter(ctx); err != nil {
				return "", fmt.Errorf("after %s: %w", time.Since(began).Round(100*time.Millisecond), err)
			}
			if !over && !pause(ctx, watchEvery) {
				return "", ctx.Err()
			}
		}
		return "it does", nil
	}}
}

// lookAfter returns to the release before if a program that was started does not go on.
func (w *work) lookAfter(ctx context.Context) error {
	for _, program := range w.Programs() {
		before, watched := w.watched[program.Name]
		if !watched {
			continue
		}
		err := w.goesOn(ctx, program, before)
		if err != nil && pause(ctx, watchEvery) { // the manager may not know of an end yet
			err = w.goesOn(ctx, program, before)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		err = withLog(err, w.manager.log(ctx, program, ""))
		undo := w.undoPrograms
		w.undoPrograms = nil
		return errors.Join(err, undo(ctx))
	}
	return nil
}

// goesOn returns an error if a program's process is not the one of before, or is not
// healthy.
func (w *work) goesOn(ctx context.Context, program Program, before int) error {
	switch now := w.manager.pid(ctx, program); {
	case now != before || now == 0:
		return fmt.Errorf("%s has ended", program.Name)
	case program.Address != "" && askHealth(ctx, program.Address) != nil:
		return fmt.Errorf("%s is no longer healthy", program.Name)
	}
	return nil
}

// pause waits, and reports whether the context is still valid then.
func pause(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
