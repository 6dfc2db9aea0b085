package worker

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/apiphant/apiphant/background"
	runner "github.com/apiphant/apiphant/background/worker/internal/background"
)

// task is a background.Task that has been checked.
type task struct {
	background.Task
	schedule schedule
	spec     string        // the schedule as text: for people, and to notice that it has changed
	period   time.Duration // between the first two scheduled times
}

func compile(t background.Task, now time.Time) (*task, error) {
	c := &task{Task: t}
	if t.Run == nil {
		return nil, fmt.Errorf("%s has no Run", cmp.Or(t.Name, "a task"))
	}
	own, place := runner.FunctionName(t.Run)
	c.Name = cmp.Or(c.Name, own)
	if c.Name == "" {
		return nil, fmt.Errorf("the task at %s has no name: its Run is a function literal, so set Name", place)
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
		c.period = 366 * 24 * time.Hour // there is no second time
	}
	return nil
}

func checkName(name string) error {
	if len(name) > 100 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("name %q: want at most 100 characters that can be printed", name)
	}
	return nil
}

// tickBeforeFirst returns the time after which the first tick is looked for, if
// the task starts now: a period is due at once, a crontab line is not.
func (c *task) tickBeforeFirst(now time.Time) time.Time {
	if c.Cron == "" {
		return now.Add(-c.Every)
	}
	return now
}

func (c *task) call() runner.Call {
	return runner.Call{
		Name: c.Name, Attempt: 1, Last: true, Function: c.Run, Run: c.Run,
		Timeout: max(cmp.Or(c.Timeout, background.DefaultTimeout), 0),
	}
}
