package background

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/internal/admin"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/logging"
)

// Settings are the flags of the command background.
type Settings struct {
	Log            logging.Settings
	Drain          time.Duration
	Workers        int
	Database       string // its URL; "": none
	MigrateAtStart bool
	Admin          string // HOST:PORT; "": none
	Hosts          []string

	Once    string // the name of a task: run it and end
	List    bool   // print the tasks and end
	Migrate bool   // bring the database's tables up to date and end
}

// AddFlags defines the flags that fill s, with their defaults.
func (s *Settings) AddFlags(flags *pflag.FlagSet) {
	s.Log.AddFlags(flags)
	flags.DurationVar(&s.Drain, "drain", worker.DefaultDrain, "how long what runs may take to finish when the program ends")
	flags.IntVar(&s.Workers, "workers", worker.DefaultWorkers, "how many jobs run at once, in each queue")
	command.AddDatabaseFlags(flags, &s.Database, &s.MigrateAtStart)
	admin.AddFlag(flags, &s.Admin)
	flags.StringSliceVar(&s.Hosts, "hosts", nil, "the `hosts` that requests at --admin may ask for besides its own: web1.example.com, *.example.com, with a port or without")
	flags.Var((*taskName)(&s.Once), "once", "run the task of this `NAME` now, and end with its outcome")
	flags.BoolVar(&s.List, "list", false, "print every task with its schedule and next three times, and every job with its queue")
	flags.BoolVar(&s.Migrate, "migrate", false, "make the database's tables or bring them up to date, and end")
	command.ShowEnvironment(flags)
}

// taskName is a flag whose value is not empty, such as that of a variable of a
// script that is not set: without the flag, all tasks would run.
type taskName string

func (n *taskName) Set(text string) error {
	if *n = taskName(text); text == "" {
		return errors.New("want the name of a task")
	}
	return nil
}

func (n *taskName) String() string { return string(*n) }

func (n *taskName) Type() string { return "string" }

// Check returns an error that is or wraps a [command.UsageError] if a flag has a
// value that is not allowed, or is set without another flag that it needs.
func (s *Settings) Check() error {
	if err := errors.Join(s.Log.Check(), admin.Check(s.Admin, s.Hosts)); err != nil {
		return err
	}
	if s.Drain < 0 {
		return command.UsageError{Err: fmt.Errorf("--drain is %s: want 0 or more", s.Drain)}
	}
	if s.Workers < 1 || s.Workers > 10_000 {
		return command.UsageError{Err: fmt.Errorf("--workers is %d: want 1 to 10000", s.Workers)}
	}
	if s.Migrate && s.Database == "" {
		return command.UsageError{Err: errors.New("--migrate needs --database URL")}
	}
	return nil
}
