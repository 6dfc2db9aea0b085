package background

import (
	"context"
	"time"

	"github.com/apiphant/apiphant/background/internal/tick"
)

// DefaultTimeout bounds a run of a task or job whose Timeout is 0.
const DefaultTimeout = time.Hour

// Task is a function that runs on a schedule, which is either Every or Cron.
// [Seconds] and [Cron] return the usual tasks.
type Task struct {
	// Name is the name of the task in the log and for --once. "": the name of
	// Run, which must not be a function literal then.
	Name string

	// Run is the function. Its context ends at Timeout, and when the program
	// ends before the function has returned. The context carries a logger
	// ([apiphant.Log]), the time that the run was scheduled for ([Tick]) and the
	// database for [Job.Enqueue]. An error or a panic is logged and passed to
	// OnError. A run that failed is not repeated: the next one is that of the
	// next scheduled time.
	Run func(ctx context.Context) error

	// Every is the period, at least a millisecond. The first run is immediate;
	// each other one is a whole number of periods later.
	Every time.Duration

	// Cron has five fields (minute, hour, day of month, month, day of week), or
	// six with seconds before them, or is one of @hourly, @daily, @weekly,
	// @monthly, @yearly, @every 90s. Sunday is 0 or 7. A time that does not exist
	// because the clock is put forward becomes the end of the gap. A time that
	// exists twice because the clock is put back counts the first time only,
	// unless the schedule is for every hour of the day.
	Cron string

	// Zone is the time zone of Cron, such as "Europe/Berlin". "": UTC.
	Zone string

	// Timeout bounds a run: its context ends then. 0: DefaultTimeout; negative:
	// no limit.
	Timeout time.Duration

	// Jitter is the longest delay that is added to each scheduled time, so that
	// tasks of the same schedule do not all begin at the same moment. The delay
	// is chosen at random for each scheduled time. 0: none.
	Jitter time.Duration

	// EveryTick runs the task once for each scheduled time that was missed, the
	// oldest first. The default is one run for all of them.
	EveryTick bool

	// Grace is how late a run may begin; one that would begin later is left out.
	// 0: until the next scheduled time, and without a limit with EveryTick.
	Grace time.Duration

	// Beside lets the task run at the same time as other tasks. The default is
	// that tasks run one after the other, in the order of their periods, the
	// shortest first. No task ever runs at the same time as itself.
	Beside bool
}

// Seconds returns a task that runs at once and then every n seconds.
func Seconds(n int, run func(context.Context) error) Task {
	return Task{Run: run, Every: time.Duration(n) * time.Second}
}

// Cron returns a task that runs at the times of a crontab line, in UTC: see
// Task.Cron. For another zone write
// Task{Cron: spec, Zone: "Europe/Berlin", Run: run}.
func Cron(spec string, run func(context.Context) error) Task {
	return Task{Run: run, Cron: spec}
}

// Tick returns the scheduled time that a run of a task is for. It is the same
// when that run is repeated, so that it can serve as an idempotency key. It is
// the zero time in a context that is not of a task's run.
func Tick(ctx context.Context) time.Time { return tick.Of(ctx) }
