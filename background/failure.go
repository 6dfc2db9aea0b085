package background

import (
	"fmt"
	"strings"
	"time"
)

// Failure is one run that failed, as OnError gets it.
type Failure struct {
	Task    string        // the name of the task or job
	Err     error         // what it returned, or what it panicked with
	Stack   string        // where: of a panic the stack, else the function that returned Err
	Panic   bool          // it panicked
	Started time.Time     // when the run began
	Took    time.Duration // until it failed

	Job     bool // it was a job, not a task
	Attempt int  // which attempt of the job, from 1
	Last    bool // there will be no other attempt; always so for a task
}

// String returns what the log says: the task, the error, the stack.
func (f Failure) String() string { return f.title() + "\n" + f.details() }

func (f Failure) title() string { return kind(f.Job) + " " + f.Task + " failed:" }

func (f Failure) details() string {
	return strings.TrimSpace(f.Err.Error() + "\n" + f.Stack)
}

func kind(job bool) string {
	if job {
		return "Job"
	}
	return "Task"
}

// stackOf returns where an error came from: what it prints of that itself, as
// those of many libraries do with %+v, else the function that returned it.
func stackOf(err error, place string) string {
	if detailed := fmt.Sprintf("%+v", err); strings.Contains(detailed, "\n") && strings.HasPrefix(detailed, err.Error()) {
		if more := strings.TrimSpace(strings.TrimPrefix(detailed, err.Error())); more != "" {
			return more
		}
	}
	return place
}
