package program

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// Settings are what can be set of a program that serves. Each is a flag and an
// environment variable: --max-body is APIPHANT_MAX_BODY.
type Settings struct {
	Log           string
	LogFile       string // "": standard error
	AccessLog     bool
	Timeout       time.Duration
	Drain         time.Duration
	DrainWindow   time.Duration
	MaxBody       Size
	MaxUpload     Size
	MaxHeader     Size
	HeaderTimeout time.Duration
	IdleTimeout   time.Duration
	Database      string // where actions enqueue jobs; "": nowhere
	Migrate       bool   // bring its tables up to date at the start
	Admin         string // HOST:PORT; "": nowhere
	Source        string // the folder that the program was built from; "": not known
}

// AddFlags adds the flags that fill s, with their defaults.
func (s *Settings) AddFlags(flags *pflag.FlagSet) {
	s.MaxBody, s.MaxUpload, s.MaxHeader = server.DefaultMaxBody, server.DefaultMaxUpload, server.DefaultMaxHeader
	addLogFlags(flags, &s.Log, &s.LogFile)
	flags.BoolVar(&s.AccessLog, "access-log", false, "log a line for each request")
	flags.DurationVar(&s.Timeout, "timeout", apiphant.DefaultTimeout, "how long a call may take until its context ends; 0: for ever")
	flags.DurationVar(&s.Drain, "drain", server.DefaultDrain, "how long running calls may take to finish when the program ends; 0: not at all")
	flags.DurationVar(&s.DrainWindow, "drain-window", server.DefaultDrainWindow, "how long requests are still taken when the program ends; 0: not at all")
	flags.Var(&s.MaxBody, "max-body", "how large a JSON request may be")
	flags.Var(&s.MaxUpload, "max-upload", "how large a raw request, which streams, may be")
	flags.Var(&s.MaxHeader, "max-header", "how large a request's line and headers may be together")
	flags.DurationVar(&s.HeaderTimeout, "header-timeout", server.DefaultHeaderTimeout, "how long a request's headers may take to come")
	flags.DurationVar(&s.IdleTimeout, "idle-timeout", server.DefaultIdleTimeout, "how long a connection may wait for its next request")
	addDatabaseFlags(flags, &s.Database, &s.Migrate)
	addAdminFlag(flags, &s.Admin)
	flags.StringVar(&s.Source, "source", "", "the folder that the program was built from")
	_ = flags.MarkHidden("source")
	ShowEnvironment(flags)
}

// Check returns a [UsageError] for values that can't be.
func (s *Settings) Check() error {
	if err := errors.Join(checkLogForm(s.Log), checkAdmin(s.Admin)); err != nil {
		return err
	}
	for _, setting := range []struct {
		flag     string
		value    time.Duration
		positive bool
	}{
		{"timeout", s.Timeout, false},
		{"drain", s.Drain, false},
		{"drain-window", s.DrainWindow, false},
		{"header-timeout", s.HeaderTimeout, true},
		{"idle-timeout", s.IdleTimeout, true},
	} {
		switch {
		case setting.value < 0 && !setting.positive:
			return UsageError{fmt.Errorf("--%s is %s: want 0 or more", setting.flag, setting.value)}
		case setting.value <= 0 && setting.positive:
			return UsageError{fmt.Errorf("--%s is %s: want more than 0", setting.flag, setting.value)}
		}
	}
	return nil
}

const environmentPrefix = "APIPHANT_"

// environmentName is the variable of a flag: max-body is APIPHANT_MAX_BODY.
func environmentName(flag string) string {
	name := []byte(environmentPrefix + flag)
	for i, c := range name {
		switch {
		case c == '-':
			name[i] = '_'
		case 'a' <= c && c <= 'z':
			name[i] = c - 'a' + 'A'
		}
	}
	return string(name)
}

// ShowEnvironment names each flag's environment variable in its help.
func ShowEnvironment(flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) { flag.Usage += " [" + environmentName(flag.Name) + "]" })
}

// fromEnvironment sets the flags that were not given from their variables. An
// empty variable is one that is not set.
func fromEnvironment(flags *pflag.FlagSet) (err error) {
	flags.VisitAll(func(flag *pflag.Flag) {
		value := os.Getenv(environmentName(flag.Name))
		if flag.Changed || value == "" || flag.Name == "help" || flag.Name == "version" {
			return
		}
		failure := flags.Set(flag.Name, value)
		var invalid *pflag.InvalidValueError // speaks of the flag
		if errors.As(failure, &invalid) {
			failure = invalid.Unwrap()
		}
		if failure != nil && err == nil {
			err = UsageError{fmt.Errorf("%s is %q: %w", environmentName(flag.Name), value, failure)}
		}
		_ = flags.SetAnnotation(flag.Name, fromVariable, []string{value})
	})
	return err
}

const fromVariable = "apiphant_environment"

// IsFromEnvironment tells whether a flag was set by its variable. A program that
// this one starts has the variable too, and a password in it is not to be
// written where others read what was typed.
func IsFromEnvironment(flag *pflag.Flag) bool { return flag.Annotations[fromVariable] != nil }
