package worker

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

const (
	// maxWait bounds each wait, because timers stand still while a machine is
	// suspended. It is also how often a worker reads the ledger, where it finds
	// tasks that other workers have left behind.
	maxWait = 2 * time.Second

	// busyWait is how long a task is left alone that another worker runs.
	busyWait = 500 * time.Millisecond

	// maxTries is how often a run is begun that no worker ever finishes.
	maxTries = 10

	// logErrorsEvery is how often errors of the database are logged at most.
	logErrorsEvery = 30 * time.Second
)

// loop runs its tasks one after the other, the shortest period first among those
// that are due. All tasks that are due run once before one runs again.
type loop struct {
	*session
	tasks    []*loopTask // by period
	seed     uint64      // of the jitter
	readAt   time.Time   // when the ledger was read, by the clock of this process
	clock    time.Time   // what the clock that workers share showed at clockAt
	clockAt  time.Time
	logAfter time.Time // when an error of the database may be logged again
}

// loopTask is a task and what a loop knows about it.
type loopTask struct {
	*task
	seen  engine.Entry // the state that was read from the ledger
	known bool         // the ledger has the task with the schedule that it has here
	due   time.Time    // zero: never
}

// loops returns one loop for all tasks that run one after the other, and one for
// each task that may run beside others.
func (s *session) loops() []*loop {
	shared := &loop{session: s}
	loops := []*loop{shared}
	for _, t := range s.plan.tasks {
		of := shared
		if t.Beside {
			of = &loop{session: s}
			loops = append(loops, of)
		}
		of.tasks = append(of.tasks, &loopTask{task: t})
	}
	slices.SortStableFunc(shared.tasks, func(a, b *loopTask) int { return cmp.Compare(a.period, b.period) })
	return loops
}

// run runs tasks until ctx ends.
func (l *loop) run(ctx context.Context) {
	if l.Database == nil {
		l.seed = rand.Uint64() // processes that share no database choose different delays
	}
	for len(l.tasks) > 0 && ctx.Err() == nil {
		if l.isStale() {
			l.read(ctx)
		}
		now := l.now()
		due := l.dueTasks(now)
		for _, t := range due {
			if ctx.Err() != nil {
				return
			}
			// The state of the task may have been read again since: another worker
			// may have taken the tick.
			if now := l.now(); t.isDue(now) {
				l.claimAndRun(ctx, t, now)
			}
		}
		if len(due) == 0 {
			l.wait(ctx, now)
		}
	}
}

// now returns the time by the clock that workers share, since the last read. It
// is not ahead of that clock: the time that the answer took is missing in it.
func (l *loop) now() time.Time { return l.clock.Add(time.Since(l.clockAt)) }

// isStale reports whether the ledger has to be read, since it was read long ago,
// or because the clock was set or stood still since.
func (l *loop) isStale() bool {
	now := time.Now()
	shown := now.Round(0).Sub(l.readAt.Round(0))
	return now.Sub(l.readAt) >= maxWait || shown >= maxWait || shown < 0
}

// read reads the ledger.
func (l *loop) read(ctx context.Context) {
	l.readAt = time.Now()
	state, err := l.ledger.Read(ctx)
	if err != nil {
		l.logAndPause(ctx, err)
		return
	}
	entries := state.Tasks
	l.clock, l.clockAt = state.Now, time.Now()
	for _, t := range l.tasks {
		entry, known := entries[t.Name]
		if known && t.known && entry.Spec != t.spec && t.seen.Spec == t.spec {
			l.log.Warn("Task " + t.Name + " has got another schedule from a worker of another version: this worker does not run it any more")
		}
		if t.known = known && entry.Spec == t.spec; !known {
			l.log.Warn("Task " + t.Name + " was removed from the database: it starts again")
			_ = l.ledger.Begin(ctx, t.Name, t.spec, t.tickBeforeFirst(l.clock)) // an error is found by the next read
		}
		t.seen = entry
		l.setDue(t)
	}
}

// wait waits until a task is due, but not for longer than maxWait.
func (l *loop) wait(ctx context.Context, now time.Time) {
	wait := maxWait - time.Since(l.readAt)
	for _, t := range l.tasks {
		if t.known && !t.due.IsZero() {
			wait = min(wait, t.due.Sub(now))
		}
	}
	sleep(ctx, min(max(wait, time.Millisecond), maxWait))
}

// claimAndRun claims a task that is due, and runs it if no other worker has
// claimed the tick before.
func (l *loop) claimAndRun(ctx context.Context, t *loopTask, now time.Time) {
	tick, missed, late := l.tickFor(t, now)
	claimed, err := l.ledger.Claim(ctx, t.Name, t.seen, tick)
	if err != nil {
		l.logAndPause(ctx, err)
		return
	}
	if !claimed {
		l.read(ctx)
		return
	}
	resumed := t.seen.Orphan
	if missed > 0 {
		l.metrics.Missed(t.Name, missed)
	}
	t.seen = engine.Entry{Spec: t.spec, Tick: tick}
	switch {
	case late && resumed:
		l.metrics.Missed(t.Name, 1)
		call := t.call()
		call.GivenUp = fmt.Errorf("the run for %s is given up: it was begun %d times, and no worker has finished it", tick.Format(time.RFC3339), maxTries)
		_ = l.runner.Run(l.taskContext(tick), call)
		l.release(t, true)
	case late:
		l.metrics.Missed(t.Name, 1)
		l.log.Warn(fmt.Sprintf("Task %s: the run for %s is left out: it would begin later than its Grace of %s", t.Name, tick.Format(time.RFC3339), t.Grace))
		l.release(t, true)
	default:
		if resumed {
			l.metrics.Resumed(t.Name)
			l.log.Warn(fmt.Sprintf("Task %s: the run for %s is repeated: it was begun and not finished", t.Name, tick.Format(time.RFC3339)))
		}
		ctx := l.taskContext(tick)
		call := t.call()
		call.Repeated = l.Database != nil
		err := l.runner.Run(ctx, call)
		l.release(t, err == nil || ctx.Err() == nil)
	}
	l.setDue(t)
}

// release gives the task back. It tries again until the program ends, since no
// other worker can have the task before.
func (l *loop) release(t *loopTask, done bool) {
	for {
		err := l.ledger.Release(l.over, t.Name, done)
		if err == nil || l.over.Err() != nil {
			return
		}
		l.logAndPause(l.over, err)
	}
}

// logAndPause logs an error of the database and waits a little.
func (l *loop) logAndPause(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if now := time.Now(); !now.Before(l.logAfter) {
		l.logAfter = now.Add(logErrorsEvery)
		l.log.Error("The database of the tasks does not answer, trying again", "error", err.Error())
	}
	sleep(ctx, busyWait)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
