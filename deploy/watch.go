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

// watchStep returns to the release before if a program that was started ends, or becomes
// unhealthy, within watchTime.
func (w *work) watchStep() step {
	return step{fmt.Sprintf("Watch for %s whether all that was started goes on", watchTime), func(ctx context.Context) (string, error) {
		if len(w.watched) == 0 {
			return "nothing was started", nil
		}
		began, ticker := time.Now(), time.NewTicker(200*time.Millisecond)
		defer ticker.Stop()
		for time.Since(began) < w.watchTime() {
			if err := w.lookAfter(ctx); err != nil {
				return "", fmt.Errorf("after %s: %w", time.Since(began).Round(100*time.Millisecond), err)
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
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
		now := w.manager.pid(ctx, program)
		if now == before && now != 0 && isWell(ctx, program) || ctx.Err() != nil {
			continue
		}
		err := fmt.Errorf("%s has ended", program.Name)
		if now == before && now != 0 {
			err = fmt.Errorf("%s is no longer healthy", program.Name)
		}
		err = withLog(err, w.manager.log(ctx, program, ""))
		undo := w.undoPrograms
		w.undoPrograms = nil
		return errors.Join(err, undo(ctx))
	}
	return nil
}

// isWell reports whether a program is healthy. One question may be lost on a machine that
// is busy with the start of other processes.
func isWell(ctx context.Context, program Program) bool {
	return program.Address == "" || askHealth(ctx, program.Address) == nil || askHealth(ctx, program.Address) == nil
}
