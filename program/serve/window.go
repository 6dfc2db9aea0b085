package serve

import (
	"time"

	"github.com/apiphant/apiphant/internal/command"
)

// DrainWindow is the flag --drain-window.
type DrainWindow struct {
	Duration time.Duration
	IsSet    bool // by the flag or its variable: then the window lasts
}

// Set parses a duration such as 10s.
func (w *DrainWindow) Set(text string) (err error) {
	w.Duration, err = time.ParseDuration(text)
	w.IsSet = true
	return err
}

// String returns the duration in the form that Set parses.
func (w *DrainWindow) String() string { return w.Duration.String() }

// Type returns the value's name in help texts.
func (w *DrainWindow) Type() string { return "duration" }

// field returns what the window is as a field of [server.Server], whose 0 is a
// default that may end early.
func (w *DrainWindow) field() time.Duration {
	if !w.IsSet {
		return 0
	}
	return command.OffIfZero(w.Duration)
}
