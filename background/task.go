package background

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"
)

// DefaultTimeout is how long a run may take where its task or job does not say.
const DefaultTimeout = time.Hour

// Task is a function that runs on a schedule: either Every or Cron is set.
// [Seconds] and [Cron] make the usual ones.
type Task struct {
	// Name is what the log and --once call the task. "": the name of Run,
	// which must have one of its own then: not a function literal.
	Name string

	// Run is the work. Its context ends at Timeout, and when the program has
	// to end before it is done; it carries the log ([apiphant.Log]), the time
	// that the run is for ([Tick]) and the engine for [Job.Enqueue]. An error
	// or a panic is logged and handed to OnError; the next time is tried again,
	// and not before.
	Run func(ctx context.Context) error

	// Every is the period, at least a millisecond. The first run is at once,
	// the others a whole number of periods later.
	Every time.Duration

	// Cron is five fields (minute, hour, day of month, month, day of week), six
	// with seconds before them, or @hourly, @daily, @weekly, @monthly, @yearly,
	// @every 90s. Sunday is 0 or 7. A time that a clock change leaves out comes
	// right after it, once; one that it brings twice comes the first time only,
	// unless the schedule is for every hour of the day.
	Cron string

	// Zone is where Cron is meant: "Europe/Berlin". "": UTC.
	Zone string

	// Timeout is how long a run may take until its context ends.
	// 0: DefaultTimeout; negative: no end.
	Timeout time.Duration

	// Jitter delays each run by a part of it, so that what has the same
	// schedule does not begin at the same moment. 0: none.
	Jitter time.Duration

	// EveryTick runs once for each time that was missed, the oldest first. The
	// default is one run for all of them.
	EveryTick bool

	// Grace is how late a missed run may still begin. 0: until the next is due,
	// and with EveryTick, without an end.
	Grace time.Duration

	// Beside lets the task run while others do. The default is one at a time,
	// the shortest period first among those that are due. No task ever runs
	// beside itself.
	Beside bool
}

// Seconds is a task that runs at once and then every n seconds.
func Seconds(n int, run func(context.Context) error) Task {
	return Task{Run: run, Every: time.Duration(n) * time.Second}
}

// Cron is a task that runs when a crontab line says so, in UTC: see Task.Cron.
// For another zone write Task{Cron: spec, Zone: "Europe/Berlin", Run: run}.
func Cron(spec string, run func(context.Context) error) Task {
	return Task{Run: run, Cron: spec}
}

// Tick returns the time that a run is for, as the schedule says it, which is
// the same however often the run is begun anew: a key to make it idempotent.
// It is the zero time outside of a task.
func Tick(ctx context.Context) time.Time {
	tick, _ := ctx.Value(tickKey{}).(time.Time)
	return tick
}

type tickKey struct{}

// task is a Task that was found to be right.
type task struct {
	Task
	schedule schedule
	spec     string        // for people, and to tell whether it has changed
	period   time.Duration // or about that
	place    string        // function and line of Run
}

// compile checks a task.
func compile(t Task, now time.Time) (*task, error) {
	c := &task{Task: t}
	if t.Run == nil {
		return nil, fmt.Errorf("%s has no Run", cmp.Or(t.Name, "a task"))
	}
	own, place := functionName(t.Run)
	if c.place = place; c.Name == "" {
		c.Name = own
	}
	if c.Name == "" {
		return nil, fmt.Errorf("the task at %s has no name: its function has none of its own, so set Name", place)
	}
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	if err := c.compileSchedule(now); err != nil {
		return nil, fmt.Errorf("task %s: %w", c.Name, err)
	}
	if t.Jitter < 0 || t.Grace < 0 {
		return nil, fmt.Errorf("task %s: want a Jitter and a Grace of 0 or more", c.Name)
	}
	return c, nil
}

func (c *task) compileSchedule(now time.Time) (err error) {
	switch {
	case c.Cron != "" && c.Every != 0:
		return errors.New("has both Every and Cron: want one of them")
	case c.Cron != "":
		if c.schedule, err = parseCron(c.Cron, c.Zone); err != nil {
			return err
		}
		if c.spec = c.Cron; c.Zone != "" {
			c.spec += " " + c.Zone
		}
	case c.Zone != "":
		return errors.New("has a Zone without Cron")
	case c.Every < time.Millisecond:
		return fmt.Errorf("has a period of %s: want Every of a millisecond or more, or Cron", c.Every)
	default:
		c.schedule = every(c.Every)
	}
	if period, ok := c.schedule.(every); ok {
		c.period = time.Duration(period)
		c.spec = "every " + c.period.String()
		return nil
	}
	first := c.schedule.next(now)
	if first.IsZero() {
		return fmt.Errorf("%q never comes", c.Cron)
	}
	if c.period = c.schedule.next(first).Sub(first); c.period < 0 {
		c.period = 366 * 24 * time.Hour
	}
	return nil
}

// timeout returns how long a run may take, 0 for as long as it likes.
func timeout(set time.Duration) time.Duration {
	return max(cmp.Or(set, DefaultTimeout), 0)
}

func checkName(name string) error {
	if len(name) > 100 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("name %q: want at most 100 characters that can be printed", name)
	}
	return nil
}

// functionName returns the name of a function, "" for one that has none of its
// own, and where it is declared.
func functionName(f any) (name, place string) {
	function := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	if function == nil {
		return "", "unknown"
	}
	file, line := function.FileLine(function.Entry())
	full := function.Name()
	place = fmt.Sprintf("%s\n\t%s:%d", full, file, line)
	full = strings.TrimSuffix(strings.ReplaceAll(full, "[...]", ""), "-fm")
	parts := strings.Split(full[strings.LastIndexByte(full, '/')+1:], ".")
	if slices.ContainsFunc(parts[1:], literal.MatchString) {
		return "", fmt.Sprintf("%s:%d", file, line)
	}
	return parts[len(parts)-1], place
}

// literal is what the compiler names a function literal, in part.
var literal = regexp.MustCompile(`^(|glob|(func)?[0-9]+.*)$`)
