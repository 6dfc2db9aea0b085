package worker

import "time"

// Next returns the next tick of a crontab line.
func Next(spec, zone string, t time.Time) (time.Time, error) {
	s, err := parseCron(spec, zone)
	if err != nil {
		return time.Time{}, err
	}
	return s.next(t), nil
}

// Latest is latest for a crontab line. It also returns how many ticks were
// computed for that.
func Latest(spec string, after, now time.Time) (tick time.Time, missed, computed int) {
	s, err := parseCron(spec, "")
	if err != nil {
		panic(err)
	}
	if _, ok := s.(every); !ok {
		s = counted{s, &computed}
	}
	tick, missed = latest(s, after, now)
	return tick, missed, computed
}

type counted struct {
	schedule
	ticks *int
}

func (c counted) next(t time.Time) time.Time {
	*c.ticks++
	return c.schedule.next(t)
}
