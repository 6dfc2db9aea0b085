package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/tick"
	runner "github.com/apiphant/apiphant/background/worker/internal/background"
)

// session is a [Worker] while it runs.
type session struct {
	*Worker
	plan    *plan
	log     *slog.Logger
	metrics Metrics
	ledger  engine.Ledger
	runner  *runner.Runner

	base context.Context // the parent of the contexts of all runs
	stop context.CancelCauseFunc
	over context.Context // ends when nothing is waited for any more
	quit context.CancelFunc

	mu            sync.Mutex
	tasks         context.Context // the parent of tasks' contexts: ends when other workers may have taken them over
	lose          context.CancelCauseFunc
	stopHeartbeat context.CancelFunc
	heartbeat     sync.WaitGroup
	drainTimer    *time.Timer
	finished      bool
}

func (w *Worker) newSession(ctx context.Context) (*session, error) {
	plan, err := planOf(w.Product)
	if err != nil {
		return nil, err
	}
	s := &session{
		Worker: w, plan: plan, metrics: w.Metrics, log: cmp.Or(w.Log, slog.New(slog.DiscardHandler)),
		ledger: &memory{entries: map[string]engine.Entry{}},
	}
	if s.metrics == nil {
		s.metrics = noMetrics{}
	}
	ctx = context.WithoutCancel(ctx)
	if w.Database != nil {
		s.ledger = w.Database
		ctx = engine.WithQueue(ctx, w.Database)
	}
	s.metrics.Listed(plan.names())
	s.base, s.stop = context.WithCancelCause(ctx)
	s.over, s.quit = context.WithCancel(ctx)
	s.tasks, s.lose = context.WithCancelCause(s.base)
	s.runner = &runner.Runner{Log: s.log, OnError: w.Product.OnError, Ended: s.base.Done(), Count: s.count}
	var beating context.Context
	beating, s.stopHeartbeat = context.WithCancel(ctx)
	s.heartbeat.Go(func() {
		if err := s.ledger.Heartbeat(beating, s.lost); err != nil {
			s.log.Error("The heartbeat of this worker can't be removed from the database: " + err.Error())
		}
	})
	return s, nil
}

func (s *session) count(call runner.Call, outcome string, ended time.Time, took time.Duration) {
	s.metrics.Ran(call.Job, call.Name, outcome, ended, took)
}

func (s *session) end() {
	s.mu.Lock()
	s.finished = true
	if s.drainTimer != nil {
		s.drainTimer.Stop()
	}
	s.mu.Unlock()
	s.stopHeartbeat()
	s.heartbeat.Wait()
	s.stop(runner.ErrEnded)
}

// drain cancels the contexts of running functions once the time to drain is
// over, and EndGrace later it ends the program whatever still runs.
func (s *session) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	quitTimer := time.AfterFunc(s.drainTime()+EndGrace, s.quit)
	context.AfterFunc(s.over, func() { quitTimer.Stop() })
	if s.finished {
		return
	}
	s.drainTimer = time.AfterFunc(s.drainTime(), func() {
		if s.runner.Running() > 0 {
			s.log.Warn("Functions still run at the end of the drain: their contexts are cancelled")
		}
		s.stop(runner.ErrEnded)
	})
}

// within calls f, and returns its error or, if the program ends before f has
// returned, nil.
func (s *session) within(f func() error) error {
	defer s.quit()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-s.over.Done():
		s.log.Warn("The program ends, though not all has ended: what is not recorded will be repeated")
		return nil
	}
}

var errLost = errors.New("this worker could not write its heartbeat: other workers may have taken its tasks over")

// lost cancels the contexts of running tasks.
func (s *session) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose(errLost)
	s.tasks, s.lose = context.WithCancelCause(s.base)
}

func (s *session) taskContext(scheduled time.Time) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return tick.With(s.tasks, scheduled)
}

// register adds all tasks to the ledger.
func (s *session) register(ctx context.Context) error {
	if len(s.plan.tasks) == 0 {
		return nil
	}
	state, err := s.ledger.Read(ctx)
	if err != nil {
		return err
	}
	for _, t := range s.plan.tasks {
		if err := s.ledger.Begin(ctx, t.Name, t.spec, t.tickBeforeFirst(state.Now)); err != nil {
			return err
		}
	}
	return nil
}

// work works jobs until ctx ends.
func (s *session) work(ctx context.Context) error {
	return s.Database.Work(ctx, engine.Work{
		Jobs:    s.plan.jobs,
		Workers: cmp.Or(s.Workers, DefaultWorkers),
		Drain:   s.drainTime(),
		Base:    s.base,
		Run:     s.runJob,
	})
}

// runJob runs one attempt of a job.
func (s *session) runJob(ctx context.Context, job *engine.Definition, attempt engine.Attempt) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.base, func() { cancel(context.Cause(s.base)) })()
	call := callOf(job, attempt)
	call.Repeated = true
	if attempt.Deaths >= maxTries {
		call.Last = true
		call.GivenUp = fmt.Errorf("%w: %d workers have died while they ran it", engine.ErrGivenUp, attempt.Deaths)
	}
	err := s.runner.Run(ctx, call)
	if errors.Is(err, runner.ErrEnded) {
		return fmt.Errorf("%w: %w", engine.ErrInterrupted, err)
	}
	return err
}
