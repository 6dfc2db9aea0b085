package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventBridge returns a task's schedule, as background --list prints it, as an expression
// of EventBridge Scheduler and its time zone ("": UTC). The error says why there is none.
func eventBridge(schedule string) (expression, zone string, err error) {
	if period, ok := strings.CutPrefix(strings.TrimPrefix(schedule, "@"), "every "); ok {
		expression, err = rate(period)
		return expression, "", err
	}
	fields := strings.Fields(schedule)
	if len(fields) > 1 && isZone(fields[len(fields)-1]) {
		zone, fields = fields[len(fields)-1], fields[:len(fields)-1]
	}
	if len(fields) == 1 {
		fields = strings.Fields(crontabNames[fields[0]])
	}
	if len(fields) == 6 {
		if fields[0] != "0" {
			return "", "", fmt.Errorf("%s has seconds, and EventBridge counts minutes", schedule)
		}
		fields = fields[1:]
	}
	if len(fields) != 5 {
		return "", "", fmt.Errorf("%s is no crontab line", schedule)
	}
	expression, err = cronExpression(fields)
	return expression, zone, err
}

// isZone reports whether the last field of a schedule is a time zone.
func isZone(text string) bool {
	if strings.ToUpper(text) == strings.ToLower(text) { // digits, * / , -
		return false
	}
	_, err := time.LoadLocation(text)
	return err == nil
}

var crontabNames = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// rate returns a period as an expression.
func rate(period string) (string, error) {
	d, err := time.ParseDuration(period)
	if err != nil {
		return "", err
	}
	if d < time.Minute || d%time.Minute != 0 {
		return "", fmt.Errorf("every %s is no number of minutes, which is what EventBridge counts", d)
	}
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := d / unit.length; d%unit.length == 0 {
			if n > 1 {
				unit.name += "s"
			}
			return fmt.Sprintf("rate(%d %s)", n, unit.name), nil
		}
	}
	return "", errors.New("unreachable") // all are minutes
}

// cronField is what a field of a crontab line may have.
type cronField struct {
	from, to int
	names    []string // of the values from from on
}

var cronFields = [5]cronField{
	{0, 59, nil}, {0, 23, nil}, {1, 31, nil},
	{1, 12, strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")},
	{0, 7, strings.Fields("SUN MON TUE WED THU FRI SAT SUN")},
}

// cronExpression returns the five fields of a crontab line as an expression. EventBridge
// has a day of the month or a day of the week, and no step in the latter: so each field
// becomes a list.
func cronExpression(fields []string) (string, error) {
	var out [5]string
	for i, field := range fields {
		values, err := cronFields[i].values(field)
		if err != nil {
			return "", err
		}
		out[i] = cronFields[i].list(values, i == 4)
	}
	switch day, weekday := out[2], out[4]; {
	case weekday == "*":
		out[4] = "?"
	case day == "*":
		out[2] = "?"
	default:
		return "", fmt.Errorf("%s has days of the month and of the week, of which EventBridge takes one", strings.Join(fields, " "))
	}
	return "cron(" + strings.Join(out[:], " ") + " *)", nil
}

// values returns the values that a field stands for.
func (c cronField) values(field string) (values []int, err error) {
	for part := range strings.SplitSeq(strings.ToUpper(field), ",") {
		span, stepText, hasStep := strings.Cut(part, "/")
		step := 1
		if hasStep {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return nil, fmt.Errorf("%q has no step", part)
			}
		}
		from, to := c.from, c.to
		if c.to == 7 && (span == "*" || span == "?") {
			to = 6 // 7 is Sunday again
		}
		if span != "*" && span != "?" {
			first, last, isRange := strings.Cut(span, "-")
			if from, err = c.value(first); err != nil {
				return nil, err
			}
			switch {
			case isRange:
				if to, err = c.value(last); err != nil {
					return nil, err
				}
			case !hasStep:
				to = from
			}
		}
		for v := from; v <= to; v += step {
			values = append(values, v)
		}
	}
	return values, nil
}

func (c cronField) value(text string) (int, error) {
	if at := slices.Index(c.names, text); at >= 0 {
		return c.from + at, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < c.from || n > c.to {
		return 0, fmt.Errorf("%q is none of %d to %d", text, c.from, c.to)
	}
	return n, nil
}

// list returns values as EventBridge takes them: * for all of them.
func (c cronField) list(values []int, named bool) string {
	if named {
		for i := range values {
			values[i] %= 7
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	all := c.to - c.from + 1
	if named {
		all = 7
	}
	if len(values) == all {
		return "*"
	}
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = strconv.Itoa(v); named {
			texts[i] = c.names[v]
		}
	}
	return strings.Join(texts, ",")
}
