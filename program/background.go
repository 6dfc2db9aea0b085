package program

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background/metrics"
	"github.com/apiphant/apiphant/background/worker"
)

// BackgroundSettings are what can be set of a program in the background, in
// the manner of [Settings].
type BackgroundSettings struct {
	Log            string
	LogFile        string // "": standard error
	Drain          time.Duration
	Workers        int
	Database       string
	MigrateAtStart bool
	Admin          string

	Once    string // run this task and end
	List    bool   // print the tasks and end
	Migrate bool   // make the tables and end
}

// AddFlags adds the flags that fill s, with their defaults.
func (s *BackgroundSettings) AddFlags(flags *pflag.FlagSet) {
	addLogFlags(flags, &s.Log, &s.LogFile)
	flags.DurationVar(&s.Drain, "drain", worker.DefaultDrain, "how long what runs may take to finish when the program ends")
	flags.IntVar(&s.Workers, "workers", worker.DefaultWorkers, "how many jobs run at once, in each queue")
	addDatabaseFlags(flags, &s.Database, &s.MigrateAtStart)
	addAdminFlag(flags, &s.Admin)
	flags.StringVar(&s.Once, "once", "", "run the task of this `NAME` now, and end with its outcome")
	flags.BoolVar(&s.List, "list", false, "print every task with its schedule and next three times, and every job with its queue")
	flags.BoolVar(&s.Migrate, "migrate", false, "make the database's tables or bring them up to date, and end")
	ShowEnvironment(flags)
}

// Check returns a [UsageError] for values that can't be.
func (s *BackgroundSettings) Check() error {
	if err := errors.Join(checkLogForm(s.Log), checkAdmin(s.Admin)); err != nil {
		return err
	}
	if s.Drain < 0 {
		return UsageError{fmt.Errorf("--drain is %s: want 0 or more", s.Drain)}
	}
	if s.Workers < 1 || s.Workers > 10_000 {
		return UsageError{fmt.Errorf("--workers is %d: want 1 to 10000", s.Workers)}
	}
	if s.Migrate && s.Database == "" {
		return UsageError{errors.New("--migrate needs --database URL")}
	}
	return nil
}

func (p Product) backgroundCommand() *cobra.Command {
	settings := &BackgroundSettings{}
	command := &cobra.Command{
		Use:   "background",
		Short: "Run the tasks on their schedules, and work the jobs",
		Long: `Run the tasks on their schedules until SIGTERM, SIGINT or SIGHUP, then let the running
ones finish.

Without --database the tasks of this process run one at a time. With it, any number
of workers share tasks and jobs.`,
		Args: Arguments(),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := settings.Check(); err != nil {
				return err
			}
			return p.background(command, settings)
		},
	}
	settings.AddFlags(command.Flags())
	return command
}

func (p Product) background(command *cobra.Command, settings *BackgroundSettings) (err error) {
	ctx, end := untilSignal(command.Context(), true)
	defer end(nil)

	if err := worker.Check(p.Background); err != nil {
		return err
	}
	w := &worker.Worker{Product: p.Background, Drain: offIfZero(settings.Drain), Workers: settings.Workers}
	if settings.List {
		return w.List(command.OutOrStdout(), time.Now())
	}
	log, err := openLog(settings.Log, settings.LogFile, command.ErrOrStderr())
	if err != nil {
		return err
	}
	defer log.Close()
	w.Log = Slog(log.Logger)
	ctx = apiphant.WithLog(ctx, w.Log)

	ctx, stored, err := p.openDatabase(ctx, settings.Database, settings.MigrateAtStart || settings.Migrate, w.Log)
	if err != nil {
		return err
	}
	defer stored.Close()
	w.Database = stored.queue()
	if settings.Migrate {
		return nil
	}
	var admin *admin
	if settings.Admin != "" && settings.Once == "" {
		counted := metrics.New(w.Database)
		w.Metrics = counted
		admin = newAdmin(ctx, p.Name, log.Logger, counted, log)
		if err := admin.listen(settings.Admin, false); err != nil {
			return err
		}
		defer admin.Close()
	}
	if settings.Once == "" {
		if err := w.Check(); err != nil {
			return err
		}
		log.first(fmt.Sprintf("Apiphant is scheduling %s.api.background", p.Name))
		admin.announced()
	}
	if err := p.start(ctx); err != nil {
		return err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), settings.Drain+time.Second)
		defer cancel()
		err = errors.Join(err, p.stop(ending))
	}()
	if settings.Once != "" {
		return once(ctx, w, settings.Once)
	}
	admin.isReady(stored)
	return w.Run(ctx)
}

// once makes the outcome of one run the exit status; the log has the rest.
func once(ctx context.Context, w *worker.Worker, name string) error {
	switch ok, err := w.Once(ctx, name); {
	case errors.Is(err, worker.ErrNoTask):
		return UsageError{err}
	case err != nil:
		return err
	case !ok:
		return ExitStatus(ExitFailure)
	}
	return nil
}
