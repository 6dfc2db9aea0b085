package logging

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"github.com/apiphant/apiphant/internal/command"
)

// Settings are the flags of the log.
type Settings struct {
	Form string // Text or JSON
	File string // its path; "": standard error
}

// AddFlags defines the flags that fill s, with their defaults.
func (s *Settings) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.Form, "log", Text, "the `form` of the log: text for people, json for machines")
	flags.StringVar(&s.File, "log-file", "", "append the log to the file of this `PATH`, which SIGUSR1 opens anew, and not to standard error")
}

// Check returns a [command.UsageError] for a form that is unknown.
func (s *Settings) Check() error {
	if s.Form != Text && s.Form != JSON {
		return command.UsageError{Err: fmt.Errorf("--log is %q: want %s or %s", s.Form, Text, JSON)}
	}
	return nil
}

// Log is an open log. Its methods may be called concurrently.
type Log struct {
	*slog.Logger

	settings Settings
	stderr   io.Writer
	output   *output
	flood    *flood
}

// Open opens the log that the settings describe; the caller must close it.
// SIGUSR1 makes it open its file again by its path, as log rotation needs.
func (s Settings) Open(stderr io.Writer) (*Log, error) {
	own := newEncoder(s.Form)
	output, err := openOutput(s.File, stderr, func(message string) []byte {
		line, err := own.EncodeEntry(zapcore.Entry{Level: zapcore.WarnLevel, Time: time.Now(), Message: message}, nil)
		if err != nil {
			return nil
		}
		return line.Bytes()
	})
	if err != nil {
		return nil, err
	}
	core, flood := newCore(s.Form, output)
	return &Log{
		Logger: newSlog(core), settings: s, stderr: stderr, output: output, flood: flood,
	}, nil
}

// First writes the first line of a log, which says what the program does. It is
// plain text unless the log is JSON. It goes to standard error too if the log is
// in a file: who started the program reads it there.
func (l *Log) First(line string) {
	if l.settings.File != "" {
		fmt.Fprintln(l.stderr, line)
	}
	if l.settings.Form == JSON {
		l.Info(line)
		return
	}
	_, _ = l.output.Write([]byte(line + "\n"))
}

// IsJSON reports whether the lines are JSON.
func (l *Log) IsJSON() bool { return l.settings.Form == JSON }

// WriteAccess writes one line of the access log, with its line break. The line
// may wait up to 100 ms, so that many are written at once.
func (l *Log) WriteAccess(line []byte) { l.output.writeAccess(line) }

// LeftOut returns how many lines the log lacks so far: flood counts those that
// came too often from one place, lost those that could not be written.
func (l *Log) LeftOut() (flood, lost uint64) { return l.flood.lost.Load(), l.output.lost.Load() }

// Sync waits until all lines so far are written, but no longer than 100 ms.
func (l *Log) Sync() { _ = l.output.Sync() }

// Close writes what is left, for up to a second, and closes the file.
func (l *Log) Close() {
	l.flood.Close()
	l.output.Close()
}
