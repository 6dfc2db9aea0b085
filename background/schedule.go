package background

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a program may run where there is no zone data

	"github.com/robfig/cron/v3"
)

// schedule says when.
type schedule interface {
	// next returns the first time after t, zero if there is none.
	next(t time.Time) time.Time
}

// every is the schedule of a period: counted from the time given.
type every time.Duration

func (e every) next(t time.Time) time.Time { return t.Add(time.Duration(e)) }

// daily is a schedule that names times of the day, as they are read from a
// clock in its zone.
type daily struct {
	clock *cron.SpecSchedule // in UTC, which stands for the clock on the wall
	zone  *time.Location
}

// hourly is a schedule for every hour of the day. It goes on through an hour
// that comes twice.
type hourly struct{ *cron.SpecSchedule }

func (h hourly) next(t time.Time) time.Time { return h.Next(t.In(h.Location)) }

// next looks for the next reading of the clock, and then for when that is.
// Readings that come before t are those of a time that the clock shows twice.
func (d daily) next(t time.Time) time.Time {
	t = t.In(d.zone)
	reading := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	for {
		if reading = d.clock.Next(reading); reading.IsZero() {
			return time.Time{}
		}
		if at := d.when(reading); at.After(t) {
			return at
		}
	}
}

// when returns the first time that the clock shows this reading, or the end of
// the gap that leaves it out.
func (d daily) when(reading time.Time) time.Time {
	const aDay = 24 * time.Hour
	before := reading.Add(-offset(reading.Add(-aDay), d.zone))
	after := reading.Add(-offset(reading.Add(aDay), d.zone))
	switch {
	case before.Equal(after) || offset(before, d.zone) == reading.Sub(before):
		return before.In(d.zone)
	case offset(after, d.zone) == reading.Sub(after):
		return after.In(d.zone)
	}
	gap, _ := before.In(d.zone).ZoneBounds()
	return gap
}

func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// parseCron reads a crontab line.
func parseCron(spec, zone string) (_ schedule, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%q is not a schedule: %v", spec, value)
		}
	}()
	location, err := time.LoadLocation(zone)
	switch {
	case err != nil || zone == "Local":
		return nil, fmt.Errorf("zone %q is not known: want a name such as Europe/Berlin", zone)
	case strings.Contains(spec, "TZ="):
		return nil, fmt.Errorf("%q: want the zone in the field Zone", spec)
	}
	if period, ok := strings.CutPrefix(spec, "@every "); ok {
		return parseEvery(strings.TrimSpace(period))
	}
	line, err := sundays(spec)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", spec, err)
	}
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	parsed, err := parser.Parse(line)
	if err != nil {
		return nil, fmt.Errorf("%q is not a schedule: %w", spec, err)
	}
	clock, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("%q is not a schedule", spec)
	}
	const allHours = 1<<24 - 1
	if clock.Hour&allHours == allHours {
		clock.Location = location
		return hourly{clock}, nil
	}
	clock.Location = time.UTC
	return daily{clock, location}, nil
}

func parseEvery(text string) (schedule, error) {
	period, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("@every %s: %w", text, err)
	}
	if period < time.Second {
		return nil, fmt.Errorf("@every %s: want 1s or more", text)
	}
	return every(period), nil
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// sundays writes the last field of a line so that the parser understands it,
// which knows no 7 and no range that ends on a Sunday.
func sundays(spec string) (string, error) {
	fields := strings.Fields(spec)
	if len(fields) < 5 {
		return spec, nil
	}
	var list []string
	for part := range strings.SplitSeq(fields[len(fields)-1], ",") {
		days, step, stepped := strings.Cut(part, "/")
		from, to, isRange := strings.Cut(days, "-")
		first, last := day(from), day(to)
		if isRange && last == 0 && !strings.HasPrefix(to, "0") {
			last = 7
		}
		switch {
		case !isRange && first == 7:
			list = append(list, "0")
		case !isRange || last != 7 || first < 0:
			list = append(list, part)
		default:
			by := 1
			if stepped {
				var err error
				if by, err = strconv.Atoi(step); err != nil || by < 1 {
					return "", errors.New("want a step of 1 or more")
				}
			}
			for d := first; d <= last; d += by {
				list = append(list, strconv.Itoa(d%7))
			}
		}
	}
	fields[len(fields)-1] = strings.Join(list, ",")
	return strings.Join(fields, " "), nil
}

// day returns the number of a day of the week, -1 for what is none.
func day(text string) int {
	if n := slices.Index(days, strings.ToLower(text)); n >= 0 {
		return n
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 7 {
		return n
	}
	return -1
}

// maxCounted bounds how many missed ticks are counted one by one.
const maxCounted = 10_000

// latest returns the last tick of s in (after, now] and how many there are
// before it, from maxCounted on not exactly. The tick is zero if there is none.
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

// lastBefore finds the last tick up to now without going through all those
// since tick: in the shortest stretch of time before now that has one.
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
