package worker

import (
	"context"
	"encoding/binary"
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

// setDue computes when the task is due next.
func (l *loop) setDue(t *loopTask) {
	now := time.Now().Round(0)
	if l.Database == nil && t.Cron == "" && t.seen.Tick.After(now) {
		t.seen.Tick = now // the clock was put back
		_, _ = l.ledger.Claim(context.Background(), t.Name, t.seen, now)
	}
	if t.seen.Orphan {
		t.due = now
		return
	}
	if t.due = t.schedule.next(t.seen.Tick); !t.due.IsZero() {
		t.due = t.due.Add(l.jitter(t, t.due))
	}
	if t.seen.Busy && t.due.Before(now.Add(busyWait)) {
		t.due = now.Add(busyWait)
		l.readAt = l.readAt.Add(busyWait - maxWait) // so that the ledger is read again then
	}
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

// tickFor returns the tick that a task which is due is to run for, and how many
// ticks before it are missed. late is whether this tick is to be left out, too.
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
