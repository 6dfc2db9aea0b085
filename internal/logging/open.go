package logging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/safely"
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

// Open opens the log that the settings describe; the caller must close it. Where the
// file takes long to open, stderr is told, and the end of ctx ends the wait.
// SIGUSR1 makes it open its file again by its path, as log rotation needs.
func (s Settings) Open(ctx context.Context, stderr io.Writer) (*Log, error) {
	own := newEncoder(s.Form)
	output, err := openOutput(ctx, s.File, stderr, func(message string) []byte {
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

// Announce writes the line that says what the program does from now on. It is
// plain text unless the log is JSON. It goes to standard error too if the log is
// in a file: a person who has started the program reads it there.
func (l *Log) Announce(line string) {
	if l.settings.File != "" {
		fmt.Fprintln(l.stderr, line)
	}
	if l.settings.Form == JSON {
		l.write(slog.LevelInfo, line, "")
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

// Close ends the log of a program that ends with err. If that is an error, it is
// the last line: an operator looks there for the reason. Close waits for up to a
// second until everything is written.
//
// It returns the error that the program's command is to return. That is err itself
// where the log is in a file, so that who started the program reads it, too.
func (l *Log) Close(err error) error {
	l.flood.Close()
	var status command.ExitStatus
	told := err != nil && !errors.As(err, &status)
	if told {
		l.writeEnd(err)
	}
	l.output.Close()
	if told && l.settings.File == "" {
		return command.Reported(err)
	}
	return err
}

// writeEnd writes the reason for which the program ends. What has several lines is
// one message in JSON; for people its further lines, and a stack, are below it.
func (l *Log) writeEnd(err error) {
	message, stack := err.Error(), ""
	var panicked *safely.Panic
	if errors.As(err, &panicked) {
		stack = panicked.Stack
	}
	if l.settings.Form == Text {
		first, more, _ := strings.Cut(message, "\n")
		message, stack = first, strings.TrimLeft(more+"\n"+stack, "\n")
	}
	l.write(slog.LevelError, message, stack)
}

// write writes a line that has no place in the code.
func (l *Log) write(level slog.Level, message, stack string) {
	record := slog.NewRecord(time.Now(), level, message, 0)
	if stack != "" {
		record.AddAttrs(slog.String(stackKey, stack))
	}
	_ = l.Handler().Handle(context.Background(), record)
}
