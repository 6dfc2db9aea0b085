package background

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"go.uber.org/zap"
)

// Defaults of the settings of [Worker].
const (
	DefaultDrain   = 30 * time.Second
	DefaultWorkers = 10
)

const (
	// takeWait is how long [Worker.Once] waits for a task that another worker has.
	takeWait  = 2 * time.Second
	takePause = 20 * time.Millisecond
)

// Worker runs a product's tasks, and works its jobs where there is a database.
// The zero values of the settings are good ones.
type Worker struct {
	Product  *Product
	Log      *zap.Logger   // nil: nothing is logged
	Database Database      // nil: the tasks run in this process alone, and no jobs
	Metrics  *Metrics      // nil: nothing is counted
	Workers  int           // how many jobs run at once, in each queue; 0: DefaultWorkers
	Drain    time.Duration // how long what runs may take to finish at the end; 0: DefaultDrain; negative: none
}

// Run runs tasks and works jobs until ctx ends; then nothing new is begun, what
// runs has Drain to finish, and then its contexts end. It returns nil then.
//
// ctx is also where runs get their values and their log from, but not what ends
// them.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.Check(); err != nil {
		return err
	}
	s, err := w.session(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	if err := s.begin(ctx); err != nil {
		return err
	}
	stopDrain := context.AfterFunc(ctx, func() { s.drain(max(cmp.Or(w.Drain, DefaultDrain), 0)) })
	defer stopDrain()

	working, stopWorking := context.WithCancelCause(ctx)
	defer stopWorking(nil)
	var group sync.WaitGroup
	if len(s.plan.jobs) > 0 && w.Database != nil {
		group.Go(func() {
			if err := s.work(working); err != nil {
				stopWorking(err)
			}
		})
	}
	for _, lane := range s.lanes() {
		group.Go(func() { lane.run(working) })
	}
	<-working.Done()
	if ctx.Err() != nil {
		s.log.Info("Draining: no new work is taken on")
	}
	group.Wait()
	if ctx.Err() == nil {
		return context.Cause(working)
	}
	return nil
}

// Check tells why [Worker.Run] could not run.
func (w *Worker) Check() error {
	plan, err := w.Product.plan()
	if err != nil {
		return err
	}
	if len(plan.tasks) == 0 && w.Database == nil {
		return errors.New("there are jobs but no tasks: jobs need --database URL")
	}
	return nil
}

// ErrNoTask is what [Worker.Once] returns for a name that no task has.
var ErrNoTask = errors.New("there is no such task")

// Once runs one task now, whatever its schedule, and returns whether it
// succeeded, after it was logged. That it could not run is an error; with a
// database, one reason is that it runs somewhere else.
func (w *Worker) Once(ctx context.Context, name string) (ok bool, err error) {
	s, err := w.session(ctx)
	if err != nil {
		return false, err
	}
	defer s.end()
	var names []string
	for _, t := range s.plan.tasks {
		if names = append(names, t.Name); t.Name == name {
			stop := context.AfterFunc(ctx, func() { s.drain(max(cmp.Or(w.Drain, DefaultDrain), 0)) })
			defer stop()
			return s.once(ctx, t)
		}
	}
	return false, fmt.Errorf("task %q: %w: want one of %s", name, ErrNoTask, strings.Join(names, ", "))
}

// List writes a line for each task: its name, its schedule, and its next three
// times from now on, as if the program started now; and one for each job: its
// name and its queue.
func (w *Worker) List(to io.Writer, now time.Time) error {
	plan, err := w.Product.plan()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, t := range plan.tasks {
		fmt.Fprintf(table, "%s\t%s", t.Name, t.spec)
		tick := now.UTC().Truncate(time.Second)
		if t.Cron == "" {
			tick = tick.Add(-t.Every) // the first one is at the start
		}
		for range 3 {
			if tick = t.schedule.next(tick); tick.IsZero() {
				break
			}
			fmt.Fprintf(table, "\t%s", tick.Format(time.RFC3339))
		}
		fmt.Fprintln(table)
	}
	for _, job := range plan.jobs {
		fmt.Fprintf(table, "%s\tjob\tin queue %s\n", job.Name, job.Queue)
	}
	return table.Flush()
}

// session is a Worker while it runs.
type session struct {
	*Worker
	plan   *plan
	log    *zap.Logger
	ledger Ledger
	runner *runner

	base context.Context // of all runs
	stop context.CancelFunc

	mu       sync.Mutex
	tasks    context.Context // of the runs of tasks: ends when they are not this worker's any more
	lose     context.CancelCauseFunc
	keep     context.CancelFunc
	keeping  sync.WaitGroup
	drainer  *time.Timer
	finished bool
}

func (w *Worker) session(ctx context.Context) (*session, error) {
	plan, err := w.Product.plan()
	if err != nil {
		return nil, err
	}
	s := &session{Worker: w, plan: plan, log: cmp.Or(w.Log, zap.NewNop()), ledger: &memory{entries: map[string]Entry{}}}
	ctx = context.WithoutCancel(ctx)
	if w.Database != nil {
		s.ledger = w.Database
		ctx = WithQueue(ctx, w.Database)
		w.Metrics.watch(w.Database)
	}
	w.Metrics.begin(plan)
	s.base, s.stop = context.WithCancel(ctx)
	s.tasks, s.lose = context.WithCancelCause(s.base)
	s.runner = &runner{log: s.log, onError: w.Product.OnError, metrics: w.Metrics, base: s.base}
	var keeping context.Context
	keeping, s.keep = context.WithCancel(ctx)
	s.keeping.Go(func() {
		if err := s.ledger.Keep(keeping, s.lost); err != nil {
			s.log.Error("Can't tell the other workers that this one is alive: " + err.Error())
		}
	})
	return s, nil
}

func (s *session) end() {
	s.mu.Lock()
	s.finished = true
	if s.drainer != nil {
		s.drainer.Stop()
	}
	s.mu.Unlock()
	s.keep()
	s.keeping.Wait()
	s.stop()
}

// drain ends the contexts of what runs, after a while.
func (s *session) drain(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.finished {
		return
	}
	s.drainer = time.AfterFunc(after, func() {
		s.log.Warn("Work still runs at the end of the drain: its contexts are cancelled")
		s.stop()
	})
}

var errLost = errors.New("this worker could not tell the others that it is alive: they may have taken its tasks over")

// lost ends the contexts of the tasks that run.
func (s *session) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose(errLost)
	s.tasks, s.lose = context.WithCancelCause(s.base)
}

func (s *session) taskContext(tick time.Time) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return context.WithValue(s.tasks, tickKey{}, tick)
}

// begin tells the ledger of all tasks.
func (s *session) begin(ctx context.Context) error {
	now := time.Now().Round(0)
	for _, t := range s.plan.tasks {
		if err := s.ledger.Begin(ctx, t.Name, t.spec, t.first(now)); err != nil {
			return err
		}
	}
	return nil
}

// first is what counts as the last tick of a task that never ran.
func (c *task) first(now time.Time) time.Time {
	if c.Cron == "" {
		return now.Add(-c.Every)
	}
	return now
}

func (s *session) work(ctx context.Context) error {
	return s.Database.Work(ctx, Work{
		Jobs:    s.plan.jobs,
		Workers: cmp.Or(s.Workers, DefaultWorkers),
		Drain:   max(cmp.Or(s.Drain, DefaultDrain), 0),
		Base:    s.base,
		Run: func(ctx context.Context, job *Definition, args []byte, attempt int, last bool) error {
			return s.runner.Run(ctx, run{
				name: job.Name, job: true, attempt: attempt, last: last,
				timeout: job.Timeout, place: job.place,
				f: func(ctx context.Context) error { return job.Run(ctx, args) },
			})
		},
	})
}

// once runs a task out of turn.
func (s *session) once(ctx context.Context, t *task) (ok bool, err error) {
	if err := s.begin(ctx); err != nil {
		return false, err
	}
	if err := s.take(ctx, t); err != nil {
		return false, err
	}
	failed := s.runner.Run(s.taskContext(time.Now().Round(0)), t.run())
	return failed == nil, s.ledger.Release(context.WithoutCancel(ctx), t.Name, true)
}

// take claims a task out of turn. Another worker may take its ticks meanwhile:
// that only changes what has to be seen, or keeps it busy for a moment.
func (s *session) take(ctx context.Context, t *task) error {
	for end := time.Now().Add(takeWait); ; sleep(ctx, takePause) {
		entries, err := s.ledger.Read(ctx)
		if err != nil {
			return err
		}
		if seen := entries[t.Name]; !seen.Busy {
			if claimed, err := s.ledger.Claim(ctx, t.Name, seen, seen.Tick); claimed || err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(end) {
			return fmt.Errorf("task %s runs in another worker", t.Name)
		}
	}
}

func (c *task) run() run {
	return run{name: c.Name, attempt: 1, last: true, timeout: timeout(c.Timeout), place: c.place, f: c.Run}
}

// lanes are the tasks that take turns, and each that does not.
func (s *session) lanes() []*lane {
	turns := &lane{session: s}
	lanes := []*lane{turns}
	for _, t := range s.plan.tasks {
		of := turns
		if t.Beside {
			of = &lane{session: s}
			lanes = append(lanes, of)
		}
		of.add(t)
	}
	return lanes
}
