// Package safely calls functions that are not ours, such that neither a panic nor
// runtime.Goexit in them ends anything but the call.
package safely

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// ErrExited is the error of a function that ended its goroutine.
var ErrExited = errors.New("runtime.Goexit was called")

// Panic is the error of a function that panicked.
type Panic struct {
	Value any
	Stack string // from the panic down to the function that was called
}

// Error returns "panic: " and the value.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Unwrap returns the value where that is an error.
func (p *Panic) Unwrap() error {
	cause, _ := p.Value.(error)
	return cause
}

// Recovered returns the error for the value that a deferred function got from recover:
// a [*Panic], or [ErrExited] if the value is nil. Call it only where the function has
// not returned: then a nil means that its goroutine is ending by Goexit. Call it from
// the deferred function, or from what that calls.
func Recovered(value any) error {
	if value == nil {
		return ErrExited
	}
	return &Panic{Value: value, Stack: stack()}
}

// Run calls f in a goroutine of its own, waits for it, and returns its error, a
// [*Panic] or [ErrExited].
func Run(f func() error) error { return <-Start(f) }

// Start is Run, but does not wait. The error can be received once from the channel;
// nobody has to receive it.
func Start(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() {
		returned := false
		var err error
		defer func() {
			if !returned {
				err = Recovered(recover())
			}
			done <- err
		}()
		err = f()
		returned = true
	}()
	return done
}

// WithStack adds the stack to the text of an error that is or wraps a [*Panic]. It
// returns any other error as it is.
func WithStack(err error) error {
	if panicked, ok := errors.AsType[*Panic](err); ok {
		return fmt.Errorf("%w\n%s", err, panicked.Stack)
	}
	return err
}

// stack returns the stack of a panic without the frames above it, which recover
// from it, and without the frames of this package below it. Of several panics,
// each in a deferred function of the one before, it begins with the last.
func stack() string {
	lines := strings.Split(strings.TrimSpace(string(debug.Stack())), "\n")
	from, to := 1, len(lines)
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "panic(") && from == 1:
			from = i + 2
		case strings.Contains(line, "internal/safely.Start.func") && from > 1 && to == len(lines):
			to = i
		}
	}
	return strings.Join(append(lines[:1:1], lines[min(from, to):to]...), "\n")
}
