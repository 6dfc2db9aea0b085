package supervisord

import (
	"errors"
	"fmt"
)

// Fault is an error that supervisord answers with.
type Fault struct {
	Code int
	Text string
}

func (f *Fault) Error() string { return fmt.Sprintf("supervisord says %s", f.Text) }

// The codes of the faults that say that there is nothing to do, or not yet.
const (
	alreadyStarted = 60
	notRunning     = 70
	alreadyAdded   = 90
	stillRunning   = 91
)

// is reports whether an error is the fault of a code.
func is(err error, code int) bool {
	var fault *Fault
	return errors.As(err, &fault) && fault.Code == code
}
