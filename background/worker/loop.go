package worker

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/apiphant/apiphant/background/engine"
	runner "github.com/apiphant/apiphant/background/worker/internal/background"
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
	readAt   time.Time   // when the ledger was read
	logAfter time.Time   // when an error of the database may be logged again
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
		now := time.Now().Round(0)
		if wait := l.readAt.Add(maxWait).Sub(now); wait <= 0 || wait > maxWait {
			l.read(ctx)
		}
		due := l.dueTasks(now)
		for _, t := range due {
			if ctx.Err() != nil {
				return
			}
			// The state of the task may have been read again since: another worker
			// may have taken the tick.
			if now := time.Now().Round(0); t.isDue(now) {
				l.claimAndRun(ctx, t, now)
			}
		}
		if len(due) == 0 {
			l.wait(ctx, now)
		}
	}
}

// read reads the ledger.
func (l *loop) read(ctx context.Context) {
	l.readAt = time.Now().Round(0)
	entries, err := l.ledger.Read(ctx)
	if err != nil {
		l.logAndPause(ctx, err)
		return
	}
	for _, t := range l.tasks {
		entry, known := entries[t.Name]
		if known && t.known && entry.Spec != t.spec && t.seen.Spec == t.spec {
			l.log.Warn("Task " + t.Name + " has got another schedule from a worker of another version: this worker does not run it any more")
		}
		if t.known = known && entry.Spec == t.spec; !known {
			l.log.Warn("Task " + t.Name + " was removed from the database: it starts again")
			_ = l.ledger.Begin(ctx, t.Name, t.spec, t.tickBeforeFirst(l.readAt)) // an error is found by the next read
		}
		t.seen = entry
		l.setDue(t)
	}
}

// wait waits until a task is due, but not for longer than maxWait.
func (l *loop) wait(ctx context.Context, now time.Time) {
	wait := l.readAt.Add(maxWait).Sub(now)
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
	if late {
		l.metrics.Missed(t.Name, 1)
		l.log.Warn(l.whyLeftOut(t, tick, resumed))
		l.release(t, true)
	} else {
		if resumed {
			l.metrics.Resumed(t.Name)
			l.log.Warn(fmt.Sprintf("Task %s: the run for %s is repeated: it was begun and not finished", t.Name, tick.Format(time.RFC3339)))
		}
		ctx := l.taskContext(tick)
		err := l.runner.Run(ctx, t.call())
		l.release(t, err == nil || ctx.Err() == nil)
	}
	l.setDue(t)
}

func (l *loop) whyLeftOut(t *loopTask, tick time.Time, resumed bool) string {
	if resumed {
		return fmt.Sprintf("Task %s: the run for %s is left out: it was begun %d times, and no worker has finished it", t.Name, tick.Format(time.RFC3339), maxTries)
	}
	return fmt.Sprintf("Task %s: the run for %s is left out: it would begin later than its Grace of %s", t.Name, tick.Format(time.RFC3339), t.Grace)
}

// release gives the task back. It tries again until the program ends, since no
// other worker can have the task before.
func (l *loop) release(t *loopTask, done bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.base), time.Minute)
	defer cancel()
	defer context.AfterFunc(l.base, func() { time.AfterFunc(runner.StopGrace, cancel) })()
	for {
		err := l.ledger.Release(ctx, t.Name, done)
		if err == nil || ctx.Err() != nil {
			return
		}
		l.logAndPause(ctx, err)
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
