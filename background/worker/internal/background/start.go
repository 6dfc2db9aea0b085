package background

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// result is how a call ended.
type result struct {
	err         error
	stack       string
	panicked    bool
	interrupted bool // by the end of the program
}

func (r result) outcome() string {
	switch {
	case r.panicked:
		return Panic
	case r.err != nil:
		return Failed
	default:
		return OK
	}
}

// start calls f in a new goroutine, so that a panic or runtime.Goexit in f ends
// that goroutine only, and f can be abandoned.
func start(ctx context.Context, f func(context.Context) error) <-chan result {
	done := make(chan result, 1)
	go func() {
		ended := result{err: errors.New("ended its goroutine (runtime.Goexit)"), panicked: true}
		defer func() {
			if value := recover(); value != nil {
				ended = result{err: fmt.Errorf("panic: %v", value), stack: panicStack(), panicked: true}
				if cause, ok := value.(error); ok {
					ended.err = fmt.Errorf("panic: %w", cause)
				}
			}
			done <- ended
		}()
		ended = result{err: f(ctx)}
	}()
	return done
}

// panicStack returns the stack of a panic from the function that panicked to
// the one that was called.
func panicStack() string {
	lines := strings.Split(strings.TrimSpace(string(debug.Stack())), "\n")
	from, to := 1, len(lines)
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "panic("):
			from = i + 2
		case strings.Contains(line, "background.start.func1(") && i > from:
			to = i
		}
	}
	return strings.Join(append(lines[:1:1], lines[min(from, to):to]...), "\n")
}
