package engine

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"time"
)

// Definition is a job without the type of its arguments, with its defaults
// filled in.
type Definition struct {
	Name     string
	Queue    string
	Attempts int
	Priority int
	Timeout  time.Duration // 0: no limit
	Delay    time.Duration
	Unique   bool
	Backoff  func(attempt int) time.Duration

	Function any                                          // the product's function, which the log names
	Run      func(ctx context.Context, args []byte) error // decodes the arguments and calls it
}

var (
	jobName   = regexp.MustCompile(`^[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*$`)
	queueName = regexp.MustCompile(`^[a-z0-9]+([_-]+[a-z0-9]+)*$`)
)

// Check returns an error that names the option whose value is not possible.
func (d *Definition) Check() error {
	switch {
	case !jobName.MatchString(d.Name) || len(d.Name) > 100:
		return fmt.Errorf("job name %q: want letters and digits, with . _ - between them", d.Name)
	case d.Run == nil:
		return fmt.Errorf("job %s has no function", d.Name)
	case d.Attempts < 1 || d.Attempts > math.MaxInt16:
		return fmt.Errorf("job %s: Attempts is %d: want 1 to %d", d.Name, d.Attempts, math.MaxInt16)
	case d.Priority < 1 || d.Priority > 4:
		return fmt.Errorf("job %s: Priority is %d: want 1 to 4", d.Name, d.Priority)
	case !queueName.MatchString(d.Queue) || len(d.Queue) > 64:
		return fmt.Errorf("job %s: Queue is %q: want lower case letters and digits, with _ - between them", d.Name, d.Queue)
	case d.Delay < 0:
		return fmt.Errorf("job %s: Delay is %s: want 0 or more", d.Name, d.Delay)
	}
	return nil
}
