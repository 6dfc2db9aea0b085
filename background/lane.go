package background

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"go.uber.org/zap"
)

const (
	// maxWait bounds every wait, since a machine that sleeps does not count it,
	// and is how often a worker looks for what others left behind.
	maxWait = 2 * time.Second

	// busyWait is how long to leave a task alone that runs in another worker.
	busyWait = 500 * time.Millisecond

	// maxTries is how often a run is begun that no worker ever finishes.
	maxTries = 10

	// complainEvery bounds how often the same trouble with the database is logged.
	complainEvery = 30 * time.Second
)

// lane runs its tasks one at a time, the shortest period first among those that
// are due. All of them have a turn before one has a second.
type lane struct {
	*session
	turns    []*turn
	seed     uint64
	read     time.Time // when the ledger was read
	complain time.Time // when trouble is logged again
}

// turn is a task and what the lane knows of it.
type turn struct {
	*task
	seen  Entry
	known bool
	due   time.Time
}

func (l *lane) add(t *task) {
	l.turns = append(l.turns, &turn{task: t})
	slices.SortStableFunc(l.turns, func(a, b *turn) int { return cmp.Compare(a.period, b.period) })
}

// run runs tasks until ctx ends.
func (l *lane) run(ctx context.Context) {
	if l.Database == nil {
		l.seed = rand.Uint64() // machines that don't know of each other
	}
	for len(l.turns) > 0 && ctx.Err() == nil {
		now := time.Now().Round(0)
		if wait := l.read.Add(maxWait).Sub(now); wait <= 0 || wait > maxWait {
			l.refresh(ctx)
		}
		due := l.dueAt(now)
		for _, t := range due {
			if ctx.Err() != nil {
				return
			}
			// While the others had their turns, or when the ledger was read after
			// another worker was quicker, this one's may have gone.
			if now := time.Now().Round(0); t.isDue(now) {
				l.turn(ctx, t, now)
			}
		}
		if len(due) == 0 {
			l.wait(ctx, now)
		}
	}
}

// refresh reads the ledger.
func (l *lane) refresh(ctx context.Context) {
	l.read = time.Now().Round(0)
	entries, err := l.ledger.Read(ctx)
	if err != nil {
		l.trouble(ctx, err)
		return
	}
	for _, t := range l.turns {
		entry, known := entries[t.Name]
		if known && t.known && entry.Spec != t.spec && t.seen.Spec == t.spec {
			l.log.Warn("Task " + t.Name + " has another schedule now, which another version of the program brought: it is left to that one")
		}
		if t.known = known && entry.Spec == t.spec; !known {
			l.log.Warn("Task " + t.Name + " was removed from the database: it starts anew")
			_ = l.ledger.Begin(ctx, t.Name, t.spec, t.first(l.read)) // if it fails, with the next refresh
		}
		t.seen = entry
		l.setDue(t)
	}
}

// setDue finds when the task is due next.
func (l *lane) setDue(t *turn) {
	now := time.Now().Round(0)
	if l.Database == nil && t.Cron == "" && t.seen.Tick.After(now) {
		t.seen.Tick = now // the clock was set back
		_, _ = l.ledger.Claim(context.Background(), t.Name, t.seen, now)
	}
	switch {
	case t.seen.Orphan:
		t.due = now
	default:
		if t.due = t.schedule.next(t.seen.Tick); !t.due.IsZero() {
			t.due = t.due.Add(l.jitter(t, t.due))
		}
		if t.seen.Busy && t.due.Before(now.Add(busyWait)) {
			t.due = now.Add(busyWait)
			l.read = l.read.Add(busyWait - maxWait) // and see then
		}
	}
}

// jitter is the same for all workers of one database.
func (l *lane) jitter(t *turn, tick time.Time) time.Duration {
	if t.Jitter == 0 {
		return 0
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(t.Name))
	_, _ = hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(tick.UnixNano())))
	return time.Duration(rand.New(rand.NewPCG(hash.Sum64(), l.seed)).Int64N(int64(t.Jitter)))
}

func (l *lane) dueAt(now time.Time) (due []*turn) {
	for _, t := range l.turns {
		if t.isDue(now) {
			due = append(due, t)
		}
	}
	return due
}

func (t *turn) isDue(now time.Time) bool {
	return t.known && !t.due.IsZero() && !t.due.After(now)
}

func (l *lane) wait(ctx context.Context, now time.Time) {
	wait := l.read.Add(maxWait).Sub(now)
	for _, t := range l.turns {
		if t.known && !t.due.IsZero() {
			wait = min(wait, t.due.Sub(now))
		}
	}
	sleep(ctx, min(max(wait, time.Millisecond), maxWait))
}

// turn takes the task, which is due, for this worker and runs it.
func (l *lane) turn(ctx context.Context, t *turn, now time.Time) {
	tick, missed, late := l.tick(t, now)
	claimed, err := l.ledger.Claim(ctx, t.Name, t.seen, tick)
	if err != nil {
		l.trouble(ctx, err)
		return
	}
	if !claimed {
		l.refresh(ctx)
		return
	}
	resumed := t.seen.Orphan
	l.Metrics.missedTicks(t.Name, missed)
	t.seen = Entry{Spec: t.spec, Tick: tick}
	switch {
	case late:
		l.Metrics.missedTicks(t.Name, 1)
		l.log.Warn(fmt.Sprintf("Task %s: the run for %s is left out, being later than its grace of %s", t.Name, tick.Format(time.RFC3339), t.Grace))
		l.release(t, true)
	default:
		if resumed {
			l.Metrics.resumedRun(t.Name)
			l.log.Warn(fmt.Sprintf("Task %s: the run for %s was begun by a worker that is gone, and begins anew", t.Name, tick.Format(time.RFC3339)))
		}
		ctx := l.taskContext(tick)
		err := l.runner.Run(ctx, t.task.run())
		l.release(t, err == nil || ctx.Err() == nil)
	}
	l.setDue(t)
}

// tick returns the tick to run for, and how many before it are left out; late
// is whether it is left out itself.
func (l *lane) tick(t *turn, now time.Time) (tick time.Time, missed int, late bool) {
	if t.seen.Orphan {
		return t.seen.Tick, 0, t.seen.Tries >= maxTries
	}
	next := t.schedule.next(t.seen.Tick)
	now = now.Add(-l.jitter(t, next))
	tooLate := func(tick time.Time) bool { return t.Grace > 0 && now.Sub(tick) > t.Grace }
	if !t.EveryTick {
		tick, missed = latest(t.schedule, t.seen.Tick, now)
		return tick, missed, tooLate(tick)
	}
	if !tooLate(next) {
		return next, 0, false
	}
	tick, missed = latest(t.schedule, t.seen.Tick, now.Add(-t.Grace))
	return tick, missed, true
}

// release gives the task back, and tries to until the program ends: nobody else
// can have it before.
func (l *lane) release(t *turn, done bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.base), time.Minute)
	defer cancel()
	defer context.AfterFunc(l.base, func() { time.AfterFunc(stopGrace, cancel) })()
	for {
		err := l.ledger.Release(ctx, t.Name, done)
		if err == nil || ctx.Err() != nil {
			return
		}
		l.trouble(ctx, err)
	}
}

// trouble logs that the database can't be asked, and waits a little.
func (l *lane) trouble(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if now := time.Now(); !now.Before(l.complain) {
		l.complain = now.Add(complainEvery)
		l.log.Error("The database can't be asked for the tasks, trying again", zap.Error(err))
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
