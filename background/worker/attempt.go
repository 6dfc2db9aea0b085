package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/apiphant/apiphant/background/engine"
	runner "github.com/apiphant/apiphant/background/worker/internal/background"
	"github.com/apiphant/apiphant/internal/safely"
)

// ErrNoJob is returned by [Worker.Attempt] for a name that no job has.
var ErrNoJob = errors.New("there is no such job")

// Attempt makes one attempt of the job of that name, with its Timeout, the log,
// metrics and OnError of the worker. It is for queues that bring jobs to a program, as
// AWS Lambda does; no Run is needed beside it. It may be called concurrently.
//
// An error means that the queue is to bring the job again: the attempt has failed and
// is not the last one, or there is no such job. The error is in the log. If the queue
// can be told when, as with background/sqs, it is told what the job's Backoff says.
func (w *Worker) Attempt(ctx context.Context, name string, attempt engine.Attempt) error {
	log := cmp.Or(w.Log, slog.New(slog.DiscardHandler))
	jobs, err := definitions(w.Product)
	at := slices.IndexFunc(jobs, func(job *engine.Definition) bool { return job.Name == name })
	if err == nil && at < 0 {
		err = ErrNoJob
	}
	if err != nil {
		err = fmt.Errorf("job %.100q: %w", name, err)
		log.ErrorContext(ctx, "A message is a job that can't be run: "+err.Error())
		return err
	}
	if w.Database != nil {
		ctx = engine.WithQueue(ctx, w.Database)
	}
	run := &runner.Runner{Log: log, OnError: w.Product.OnError, Count: w.count}
	err = run.Run(ctx, callOf(jobs[at], attempt))
	if err == nil || attempt.Last {
		return nil
	}
	w.postpone(ctx, log, jobs[at], attempt)
	return err
}

// postponeTimeout bounds how long the queue may take to be told when to bring a job
// again.
const postponeTimeout = 5 * time.Second

// postpone tells the queue when to bring a job again.
func (w *Worker) postpone(ctx context.Context, log *slog.Logger, job *engine.Definition, attempt engine.Attempt) {
	queue, _ := engine.QueueOf(ctx) // that of the worker, or of the program
	postponer, ok := queue.(engine.Postponer)
	if !ok || attempt.Receipt == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postponeTimeout)
	defer cancel()
	var wait time.Duration
	err := safely.Run(func() error { wait = job.Backoff(attempt.Number); return nil })
	if err == nil {
		err = postponer.Postpone(ctx, attempt.Receipt, max(wait, 0))
	}
	if err != nil {
		log.WarnContext(ctx, "The Backoff of job "+job.Name+" can't be kept, and the queue brings the job again after its own time: "+err.Error())
	}
}

func (w *Worker) count(call runner.Call, outcome string, ended time.Time, took time.Duration) {
	if w.Metrics != nil {
		w.Metrics.Ran(call.Job, call.Name, outcome, ended, took)
	}
}

// callOf returns an attempt of a job as a call.
func callOf(job *engine.Definition, attempt engine.Attempt) runner.Call {
	return runner.Call{
		Name: job.Name, Job: true, Attempt: attempt.Number, Last: attempt.Last, Timeout: job.Timeout, Function: job.Function,
		Run: func(ctx context.Context) error { return job.Run(ctx, attempt.Args) },
	}
}
