package background

import (
	"strings"
	"time"
)

// Failure is one run of a task, or one attempt of a job, that failed.
type Failure struct {
	Task    string        // the name of the task or job
	Err     error         // what the function returned or panicked with
	Stack   string        // the stack of a panic; else the function that returned Err
	Panic   bool          // the function panicked
	Started time.Time     // when the run began
	Took    time.Duration // how long it ran until it failed

	Job     bool // it is a job, not a task
	Attempt int  // the number of the attempt of a job, from 1
	Last    bool // no other attempt follows; true for every task
}

// String returns the failure as the log has it: the task, the error, the stack.
func (f Failure) String() string {
	kind := "Task "
	if f.Job {
		kind = "Job "
	}
	return kind + f.Task + " failed:\n" + strings.TrimSpace(f.Err.Error()+"\n"+f.Stack)
}
