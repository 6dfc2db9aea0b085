package worker

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/background/internal/tick"
	"github.com/apiphant/apiphant/background/worker/internal/background"
)

// session is a [Worker] while it runs.
type session struct {
	*Worker
	plan    *plan
	log     *slog.Logger
	metrics Metrics
	ledger  engine.Ledger
	runner  *background.Runner

	base context.Context // the parent of the contexts of all runs
	stop context.CancelFunc

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
	s.base, s.stop = context.WithCancel(ctx)
	s.tasks, s.lose = context.WithCancelCause(s.base)
	s.runner = &background.Runner{Log: s.log, OnError: w.Product.OnError, Ended: s.base.Done(), Count: s.count}
	var beating context.Context
	beating, s.stopHeartbeat = context.WithCancel(ctx)
	s.heartbeat.Go(func() {
		if err := s.ledger.Heartbeat(beating, s.lost); err != nil {
			s.log.Error("The heartbeat of this worker can't be removed from the database: " + err.Error())
		}
	})
	return s, nil
}

func (s *session) count(call background.Call, outcome string, ended time.Time, took time.Duration) {
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
	s.stop()
}

// drain cancels the contexts of running functions once the time to drain is over.
func (s *session) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.finished {
		return
	}
	s.drainTimer = time.AfterFunc(s.drainTime(), func() {
		s.log.Warn("Functions still run at the end of the drain: their contexts are cancelled")
		s.stop()
	})
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
	now := time.Now().Round(0)
	for _, t := range s.plan.tasks {
		if err := s.ledger.Begin(ctx, t.Name, t.spec, t.tickBeforeFirst(now)); err != nil {
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
		Run: func(ctx context.Context, job *engine.Definition, args []byte, attempt int, last bool) error {
			return s.runner.Run(ctx, background.Call{
				Name: job.Name, Job: true, Attempt: attempt, Last: last, Timeout: job.Timeout, Function: job.Function,
				Run: func(ctx context.Context) error { return job.Run(ctx, args) },
			})
		},
	})
}
