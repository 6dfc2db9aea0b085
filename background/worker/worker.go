// Package worker runs the tasks of a product on their schedules, and works its
// jobs. Programs use it; a product does not need to.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
)

// Defaults of the fields of [Worker].
const (
	DefaultDrain   = 30 * time.Second
	DefaultWorkers = 10
)

// EndGrace is how long after the drain [Worker.Run] returns, whatever hangs. It is
// less than the two seconds after which the program ends.
const EndGrace = 1700 * time.Millisecond

// registerPause is the time between two attempts to register the tasks, where
// the database can't be reached.
const registerPause = time.Second

// Worker runs tasks and jobs of a product. The zero values of all fields but
// Product are good ones.
type Worker struct {
	Product  *background.Product
	Log      *slog.Logger    // nil: nothing is logged
	Database engine.Database // nil: tasks run in this process alone, and there are no jobs
	Metrics  Metrics         // nil: nothing is counted
	Workers  int             // how many jobs of one queue run at the same time; 0: DefaultWorkers
	Drain    time.Duration   // how long running functions may take to finish at the end; 0: DefaultDrain; negative: not at all
}

// Run runs tasks and works jobs until ctx ends. Then it begins nothing new, lets
// running functions finish for the time of Drain, cancels their contexts after
// it, and returns nil EndGrace later at the latest, whatever hangs. What does
// not return by then is left running.
//
// The contexts of functions have the values of ctx; they do not end with it.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.Check(); err != nil {
		return err
	}
	s, err := w.newSession(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, s.drain)()
	return s.within(func() error { return s.run(ctx) })
}

// run is Run without its end.
func (s *session) run(ctx context.Context) error {
	defer s.end()
	for {
		err := s.register(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		s.log.Error("The database of the tasks does not answer, trying again", "error", err.Error())
		sleep(ctx, registerPause)
	}
	working, stopWorking := context.WithCancelCause(ctx)
	defer stopWorking(nil)
	var group sync.WaitGroup
	if len(s.plan.jobs) > 0 && s.Database != nil {
		group.Go(func() {
			if err := s.work(working); err != nil {
				stopWorking(err)
			}
		})
	}
	for _, loop := range s.loops() {
		group.Go(func() { loop.run(working) })
	}
	<-working.Done()
	if ctx.Err() != nil {
		s.log.Info("Draining: nothing new is begun")
	}
	group.Wait()
	if ctx.Err() == nil {
		return context.Cause(working)
	}
	return nil
}

// Check returns why [Worker.Run] can't run.
func (w *Worker) Check() error {
	plan, err := planOf(w.Product)
	if err != nil {
		return err
	}
	if len(plan.tasks) == 0 && w.Database == nil {
		return errors.New("there are jobs but no tasks: jobs need --database URL")
	}
	return nil
}

// ErrNoTask is returned by [Worker.Once] for a name that no task has.
var ErrNoTask = errors.New("there is no such task")

// Once runs one task now, whatever its schedule, and reports whether it
// succeeded; a failure is logged and not returned. The error is why the task
// could not run. With a database, one reason is that another worker runs it.
func (w *Worker) Once(ctx context.Context, name string) (ok bool, err error) {
	s, err := w.newSession(ctx)
	if err != nil {
		return false, err
	}
	var names []string
	for _, t := range s.plan.tasks {
		if names = append(names, t.Name); t.Name == name {
			defer context.AfterFunc(ctx, s.drain)()
			var succeeded atomic.Bool
			err := s.within(func() error {
				defer s.end()
				ok, err := s.once(ctx, t)
				succeeded.Store(ok)
				return err
			})
			return succeeded.Load(), err
		}
	}
	s.end()
	s.quit()
	return false, fmt.Errorf("task %q: %w: want one of %s", name, ErrNoTask, strings.Join(names, ", "))
}

func (w *Worker) drainTime() time.Duration { return max(cmp.Or(w.Drain, DefaultDrain), 0) }
