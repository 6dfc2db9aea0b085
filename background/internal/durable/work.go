package durable

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/internal/safely"
)

const (
	// fetchCooldown is the shortest time between two fetches of jobs. With River's
	// default of 100 ms, a worker would run at most 10 jobs a second that are enqueued
	// one by one.
	fetchCooldown = 10 * time.Millisecond

	// timeoutMargin is added to the timeout of a job to make River's. The worker ends
	// the job at its own timeout; River's is never reached.
	timeoutMargin = time.Minute

	startPause = time.Second // between two attempts to start

	// stopGrace is how long the end of the work may take after the drain: jobs
	// return within a second, and what became of them is written.
	stopGrace = 1300 * time.Millisecond

	// neverRescue keeps River from ending jobs that run for long. River's rescuer
	// runs in one worker and discards jobs whose names that worker does not know,
	// though another worker may be running them. Jobs of dead workers are found
	// by their heartbeats: see rescue.
	neverRescue = 100 * 365 * 24 * time.Hour
)

// Work implements [engine.Database].
func (d *Database[Tx]) Work(ctx context.Context, work engine.Work) error {
	client, err := d.start(ctx, work)
	if err != nil || client == nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-client.Stopped():
		return errors.New("the work on jobs has ended by itself")
	}
	// Every job ends at the end of the drain, when work.Base ends, or soon after.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), work.Drain+stopGrace)
	defer cancel()
	if err := client.Stop(ending); err != nil {
		d.log.Warn("The work on jobs has not ended in time: what is not recorded is given to other workers")
	}
	return nil
}

// start starts to work jobs. If the database can't be reached in that moment, it
// tries again, as River does from then on. It returns nil if ctx ends before.
func (d *Database[Tx]) start(ctx context.Context, work engine.Work) (*river.Client[Tx], error) {
	for {
		client, err := d.newClient(work)
		if err != nil {
			return nil, err
		}
		// The end of this context would cancel the jobs; Stop lets them finish.
		if err = client.Start(context.WithoutCancel(work.Base)); err == nil {
			return client, nil
		}
		if ctx.Err() == nil {
			d.log.Error("The database of the jobs does not answer, trying again", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-time.After(startPause):
		}
	}
}

func (d *Database[Tx]) newClient(work engine.Work) (*river.Client[Tx], error) {
	workers := river.NewWorkers()
	queues := map[string]river.QueueConfig{}
	for _, job := range work.Jobs {
		river.AddWorkerArgs(workers, payload{name: job.Name}, &worker{job: job, run: work.Run, log: d.log, clock: &d.clock, running: &d.running})
		queues[job.Queue] = river.QueueConfig{MaxWorkers: work.Workers}
	}
	return river.NewClient(d.driver, &river.Config{
		ID:                   d.worker,
		Logger:               d.river,
		Workers:              workers,
		Queues:               queues,
		FetchCooldown:        fetchCooldown,
		FetchOnlyKnownKinds:  true, // a newer version of the program, or another product, may have more
		RescueStuckJobsAfter: neverRescue,
		//lint:ignore SA1019 without it River refuses names of one letter, which may be enqueued
		SkipJobKindValidation: true,
		Test:                  river.TestConfig{Time: &d.clock}, // nothing else sets River's clock
	})
}

// worker is a job as River calls it.
type worker struct {
	river.WorkerDefaults[payload]
	job     *engine.Definition
	run     func(ctx context.Context, job *engine.Definition, attempt engine.Attempt) error
	log     *slog.Logger
	clock   *clock
	running *runningJobs
}

func (w *worker) Work(ctx context.Context, job *river.Job[payload]) error {
	w.running.begin(job.ID)
	defer w.running.end(job.ID)
	err := w.run(ctx, w.job, engine.Attempt{
		Args: job.Args.args, Number: job.Attempt, Last: job.Attempt >= job.MaxAttempts, Deaths: deaths(job.Metadata),
	})
	switch {
	case errors.Is(err, engine.ErrInterrupted):
		return river.JobSnooze(0) // it is available again, and the attempt does not count
	case errors.Is(err, engine.ErrGivenUp):
		job.MaxAttempts = job.Attempt // with which River discards it
	}
	return err
}

// deaths returns how many workers have died that ran a job, which takeOver counts.
func deaths(metadata []byte) int {
	if !bytes.Contains(metadata, []byte("river:rescue_count")) { // nearly always
		return 0
	}
	var counted struct {
		Deaths int `json:"river:rescue_count"`
	}
	_ = json.Unmarshal(metadata, &counted) // what it can't read is 0
	return counted.Deaths
}

func (w *worker) Timeout(*river.Job[payload]) time.Duration {
	if w.job.Timeout == 0 {
		return -1
	}
	return w.job.Timeout + timeoutMargin
}

// NextRetry returns the time of the next attempt, by the clock of the database. If
// the product's Backoff panics, it is that of River, which is our default, too.
func (w *worker) NextRetry(job *river.Job[payload]) time.Time {
	var wait time.Duration
	err := safely.Run(func() error { wait = w.job.Backoff(job.Attempt); return nil })
	if err != nil {
		w.log.Error(fmt.Sprintf("The Backoff of job %s failed, the default is used: %v", w.job.Name, err))
		return time.Time{}
	}
	return w.clock.Now().Add(max(wait, 0))
}
