package worker

import "time"

// Next returns the next time of a crontab line.
func Next(spec, zone string, t time.Time) (time.Time, error) {
	s, err := parseCron(spec, zone)
	if err != nil {
		return time.Time{}, err
	}
	return s.next(t), nil
}

// Latest is latest for a crontab line.
func Latest(spec string, after, now time.Time) (time.Time, int) {
	s, err := parseCron(spec, "")
	if err != nil {
		panic(err)
	}
	return latest(s, after, now)
}
