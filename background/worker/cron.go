package worker

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are known on a machine without zone files, too

	"github.com/robfig/cron/v3"
)

// parseCron parses a crontab line.
func parseCron(spec, zone string) (_ schedule, err error) {
	defer func() {
		if value := recover(); value != nil { // the parser panics on some lines
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
	line, err := rewriteSundays(spec)
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

// rewriteSundays rewrites the day of the week for the parser, which knows
// neither 7 nor a range that ends with a Sunday: 5-7 becomes 5,6,0.
func rewriteSundays(spec string) (string, error) {
	fields := strings.Fields(spec)
	if len(fields) < 5 {
		return spec, nil
	}
	var list []string
	for part := range strings.SplitSeq(fields[len(fields)-1], ",") {
		days, step, stepped := strings.Cut(part, "/")
		from, to, isRange := strings.Cut(days, "-")
		first, last := weekday(from), weekday(to)
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

// weekday returns the number of a day of the week, -1 for anything else.
func weekday(text string) int {
	if n := slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, strings.ToLower(text)); n >= 0 {
		return n
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 7 {
		return n
	}
	return -1
}
