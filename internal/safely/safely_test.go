package safely_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/safely"
)

func fails() error { panic(io.ErrClosedPipe) }

func TestRun(t *testing.T) {
	tests := []struct {
		name string
		f    func() error
		want error
	}{
		{"returns", func() error { return nil }, nil},
		{"fails", func() error { return io.EOF }, io.EOF},
		{"ends its goroutine", func() error { runtime.Goexit(); return nil }, safely.ErrExited},
		{"panics with an error", fails, io.ErrClosedPipe},
		{"panics while it ends its goroutine", func() error { defer func() { panic(io.EOF) }(); runtime.Goexit(); return nil }, io.EOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := safely.Run(tt.f); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestPanic(t *testing.T) {
	err := safely.Run(func() error { panic("on purpose") })
	var panicked *safely.Panic
	if !errors.As(err, &panicked) || panicked.Value != "on purpose" || err.Error() != "panic: on purpose" {
		t.Errorf("got %v", err)
	}
}

// The stack begins with the goroutine and the function that panicked, and ends
// with the function that was called.
func TestStack(t *testing.T) {
	var panicked *safely.Panic
	if err := safely.Run(fails); !errors.As(err, &panicked) {
		t.Fatalf("got %v", err)
	}
	lines := strings.Split(panicked.Stack, "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "goroutine ") || !strings.Contains(lines[1], "safely_test.fails(") || !strings.Contains(lines[2], "safely_test.go:") {
		t.Errorf("got the stack\n%s\nwant the goroutine and the one function", panicked.Stack)
	}
}
