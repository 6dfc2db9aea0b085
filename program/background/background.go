package background

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/metrics"
	"github.com/apiphant/apiphant/background/worker"
	"github.com/apiphant/apiphant/internal/admin"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/ending"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/program"
)

// Door runs a product's tasks and works its jobs. It is the command background.
// Its fields are the functions of the product's package api/background; nil for
// one that it has not.
type Door struct {
	Tasks   func() []background.Task
	Jobs    func() []background.AnyJob
	Engines func() []background.Engine // of the databases that --database can name

	// OnError is called after a run has failed and was logged, before the next
	// one begins. It has 30 seconds. An error that it returns is logged.
	OnError func(ctx context.Context, failure background.Failure) error
}

// Product returns the functions as they are to a worker, or to another door that is told
// which task or job to run.
func (d Door) Product() *background.Product {
	return &background.Product{Tasks: d.Tasks, Jobs: d.Jobs, Engines: d.Engines, OnError: d.OnError}
}

// Command implements [program.Door].
func (d Door) Command(p program.Product) *cobra.Command {
	settings := &Settings{}
	work := &cobra.Command{
		Use:   "background",
		Short: "Run the tasks on their schedules, and work the jobs",
		Long: `Run the tasks on their schedules until SIGTERM, SIGINT or SIGHUP, then let the running
ones finish.

Without --database the tasks of this process run one at a time. With it, any number
of workers share tasks and jobs.`,
		Args: command.Arguments(),
		RunE: func(running *cobra.Command, _ []string) error {
			if err := settings.Check(); err != nil {
				return err
			}
			return d.work(running.Context(), p, settings, running.OutOrStdout(), running.ErrOrStderr())
		},
	}
	settings.AddFlags(work.Flags())
	return work
}

func (d Door) work(ctx context.Context, p program.Product, settings *Settings, stdout, stderr io.Writer) (err error) {
	ctx, end := command.UntilSignal(ctx, true)
	defer end(nil)

	product := d.Product()
	w := &worker.Worker{Product: product, Drain: command.OffIfZero(settings.Drain), Workers: settings.Workers}
	if settings.List {
		if err := worker.Check(product); err != nil {
			return err
		}
		return w.List(stdout, time.Now())
	}
	log, err := settings.Log.Open(ctx, stderr)
	if err != nil {
		return err
	}
	defer func() { err = log.Close(err) }()
	defer log.TakeOver()()
	if err := worker.Check(product); err != nil {
		return err
	}
	w.Log = log.Logger
	s := &session{Product: p, settings: settings, log: log, worker: w}
	return s.run(apiphant.WithLog(ctx, log.Logger))
}

// session is a product while its tasks and jobs run.
type session struct {
	program.Product
	settings *Settings
	log      *logging.Log
	worker   *worker.Worker
	admin    *admin.Admin // nil: there is none
}

// run works until ctx ends, between the product's Start and Stop.
func (s *session) run(ctx context.Context) error {
	ctx, closeDatabase, err := s.OpenDatabase(ctx, s.settings.Database, s.settings.MigrateAtStart || s.settings.Migrate)
	if err != nil {
		return err
	}
	defer ending.Close(closeDatabase)
	s.worker.Database = databaseOf(ctx)
	if s.settings.Migrate {
		return nil
	}
	if s.settings.Once != "" {
		return s.between(ctx, s.once)
	}
	if s.settings.Admin != "" {
		counts := metrics.New(s.worker.Database)
		s.worker.Metrics = counts
		s.admin = admin.New(ctx, s.Name, s.log, counts)
		defer s.admin.Close()
		if err := s.admin.Listen(s.settings.Admin, s.settings.Hosts, false); err != nil {
			return err
		}
	}
	if err := s.worker.Check(); err != nil {
		return err
	}
	return s.between(ctx, func(ctx context.Context) error {
		s.log.Announce(fmt.Sprintf("Apiphant is scheduling %s.api.background", s.Name))
		s.admin.SetReady(ctx)
		return s.worker.Run(ctx)
	})
}

// between calls f between the product's Start and Stop.
func (s *session) between(ctx context.Context, f func(context.Context) error) (err error) {
	if err := s.Start(ctx); err != nil {
		return err
	}
	end, release := ending.New(ctx, s.settings.Drain+worker.EndGrace)
	defer release()
	defer func() { err = errors.Join(err, end.Stop(ctx, s.Stop)) }()
	return f(ctx)
}

// once runs one task. Its outcome is the exit status; the log has the rest.
func (s *session) once(ctx context.Context) error {
	switch ok, err := s.worker.Once(ctx, s.settings.Once); {
	case errors.Is(err, worker.ErrNoTask):
		return command.UsageError{Err: err}
	case err != nil:
		return err
	case !ok:
		return command.ExitStatus(command.ExitFailure)
	}
	return nil
}
