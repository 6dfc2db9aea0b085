package worker

import (
	"time"

	"github.com/robfig/cron/v3"
)

// schedule computes the times at which a task is due: its ticks.
type schedule interface {
	// next returns the first tick after t, and the zero time if there is none.
	next(t time.Time) time.Time
}

// every is the schedule of a period. Its ticks are counted from the time given.
type every time.Duration

func (e every) next(t time.Time) time.Time { return t.Add(time.Duration(e)) }

// daily is a schedule that names times of the day, as clocks in its zone show
// them.
type daily struct {
	clock *cron.SpecSchedule // computes with what the clock shows, as if that were UTC
	zone  *time.Location
}

// hourly is a schedule for every hour of the day. Unlike daily it has ticks in
// both of two hours that the clock shows alike.
type hourly struct{ *cron.SpecSchedule }

func (h hourly) next(t time.Time) time.Time { return h.Next(t.In(h.Location)) }

// next computes what the clock shows at the next tick, and then when it shows
// that. What it shows for the second time is a tick before t, and is left out.
func (d daily) next(t time.Time) time.Time {
	t = t.In(d.zone)
	shown := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	for {
		if shown = d.clock.Next(shown); shown.IsZero() {
			return time.Time{}
		}
		if at := d.when(shown); at.After(t) {
			return at
		}
	}
}

// when returns the first time that the clock shows this, or, where the clock is
// put forward over it, the end of that gap.
func (d daily) when(shown time.Time) time.Time {
	const aDay = 24 * time.Hour
	before := shown.Add(-offset(shown.Add(-aDay), d.zone))
	after := shown.Add(-offset(shown.Add(aDay), d.zone))
	switch {
	case before.Equal(after) || offset(before, d.zone) == shown.Sub(before):
		return before.In(d.zone)
	case offset(after, d.zone) == shown.Sub(after):
		return after.In(d.zone)
	}
	gap, _ := before.In(d.zone).ZoneBounds()
	return gap
}

func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// maxCounted bounds how many missed ticks are counted one by one.
const maxCounted = 10_000

// latest returns the last tick of s in (after, now] and how many ticks come
// before it, which is not exact from maxCounted on. The tick is the zero time if
// there is none.
func latest(s schedule, after, now time.Time) (tick time.Time, missed int) {
	if period, ok := s.(every); ok {
		n := now.Sub(after) / time.Duration(period)
		if n <= 0 {
			return time.Time{}, 0
		}
		return after.Add(n * time.Duration(period)), int(n) - 1
	}
	count := 0
	for next := s.next(after); !next.IsZero() && !next.After(now); next = s.next(next) {
		tick = next
		if count++; count == maxCounted {
			tick = lastBefore(s, tick, now)
			break
		}
	}
	return tick, max(count-1, 0)
}

// lastBefore returns the last tick up to now. It looks for it in the last
// minute, then in ever longer times before now, which takes fewer steps than to
// compute all ticks since tick.
func lastBefore(s schedule, tick, now time.Time) time.Time {
	for stretch := time.Minute; ; stretch *= 8 {
		from := now.Add(-stretch)
		if !from.After(tick) {
			from = tick
		} else if next := s.next(from); next.IsZero() || next.After(now) {
			continue
		}
		for next := s.next(from); !next.IsZero() && !next.After(now); next = s.next(next) {
			tick = next
		}
		return tick
	}
}
