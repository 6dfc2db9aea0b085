package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// dueTasks returns the tasks whose time has come.
func (l *loop) dueTasks(now time.Time) (due []*loopTask) {
	for _, t := range l.tasks {
		if t.isDue(now) {
			due = append(due, t)
		}
	}
	return due
}

func (t *loopTask) isDue(now time.Time) bool {
	return t.known && !t.due.IsZero() && !t.due.After(now)
}

// farAhead is how far the last tick of a task may be ahead of the clock that workers
// share. A tick is ahead after that clock was set back, or was wrong for a while.
const farAhead = time.Minute

// setDue computes when the task is due next.
func (l *loop) setDue(t *loopTask) {
	now := l.now()
	if t.seen.Orphan {
		t.due = now
		return
	}
	if t.known && !t.seen.Busy && l.isFarAhead(t, now) {
		l.takeBack(t, now)
	}
	if t.due = t.schedule.next(t.seen.Tick); !t.due.IsZero() {
		t.due = t.due.Add(l.jitter(t, t.due))
	}
	if t.seen.Busy && t.due.Before(now.Add(busyWait)) {
		t.due = now.Add(busyWait)
		l.readAt = l.readAt.Add(busyWait - maxWait) // so that the ledger is read again then
	}
}

// isFarAhead reports whether the last tick of a task is so far ahead of the clock that
// waiting for it would leave out other ticks. If the last tick is only the next one, run
// early, or comes soon, the worker waits: running for a tick twice would be worse.
func (l *loop) isFarAhead(t *loopTask, now time.Time) bool {
	if l.Database == nil && t.Cron == "" {
		return t.seen.Tick.After(now) // ticks of a period are counted from the last one
	}
	next := t.schedule.next(now)
	return t.seen.Tick.After(now.Add(farAhead)) && !next.IsZero() && t.seen.Tick.After(next)
}

// takeBack replaces the last tick of a task, which is far ahead, by the newest one that
// is not.
func (l *loop) takeBack(t *loopTask, now time.Time) {
	ahead := t.seen.Tick.Sub(now)
	tick := now
	if period, ok := t.schedule.(every); ok && l.Database != nil {
		tick = t.seen.Tick.Add(-(ahead/time.Duration(period) + 1) * time.Duration(period))
	}
	if err := l.ledger.TakeBack(context.WithoutCancel(l.base), t.Name, t.seen, tick); err != nil {
		return // the next read finds it again
	}
	l.log.Warn(fmt.Sprintf("Task %s: its last run was for %s, which is %s ahead of the clock: a clock was wrong. It goes on with the schedule from now on",
		t.Name, t.seen.Tick.Format(time.RFC3339), ahead.Round(time.Millisecond)))
	t.seen.Tick = tick
}

// jitter returns the delay of a tick. All workers of one database compute the
// same.
func (l *loop) jitter(t *loopTask, tick time.Time) time.Duration {
	if t.Jitter == 0 {
		return 0
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(t.Name))
	_, _ = hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(tick.UnixNano())))
	return time.Duration(rand.New(rand.NewPCG(hash.Sum64(), l.seed)).Int64N(int64(t.Jitter)))
}

// tickFor returns the tick that a due task runs for, and how many ticks before it were
// missed. late means that this tick is left out, too.
func (l *loop) tickFor(t *loopTask, now time.Time) (tick time.Time, missed int, late bool) {
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
