package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"github.com/apiphant/apiphant/background/engine"
)

const (
	// fetchCooldown is how long a worker waits at least between two looks for
	// jobs: River's 100 ms are 10 jobs a second where they come one by one.
	fetchCooldown = 10 * time.Millisecond

	// rescueMargin is how much later than the timeout of a job River rescues it
	// from a worker that is alive and does not end it.
	rescueMargin = time.Minute
)

// Work implements [engine.Database].
func (d *Database[Tx]) Work(ctx context.Context, work engine.Work) error {
	workers := river.NewWorkers()
	queues := map[string]river.QueueConfig{}
	for _, job := range work.Jobs {
		river.AddWorkerArgs(workers, payload{name: job.Name}, &worker{job: job, run: work.Run})
		queues[job.Queue] = river.QueueConfig{MaxWorkers: work.Workers}
	}
	client, err := river.NewClient(d.driver, &river.Config{
		ID:                   d.worker,
		Logger:               d.river,
		Workers:              workers,
		Queues:               queues,
		FetchCooldown:        fetchCooldown,
		RescueStuckJobsAfter: river.JobTimeoutDefault + time.Second, // each job adds its own timeout: see worker.Timeout
		SoftStopTimeout:      max(work.Drain, time.Millisecond),
	})
	if err != nil {
		return err
	}
	// What ends the context given to Start ends the jobs, so it is Base; Stop
	// lets them finish.
	if err := client.Start(context.WithoutCancel(work.Base)); err != nil {
		return fmt.Errorf("can't work jobs: %w", err)
	}
	select {
	case <-ctx.Done():
	case <-client.Stopped():
		return errors.New("the work on jobs has ended by itself")
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), work.Drain+queryTimeout)
	defer cancel()
	if err := client.Stop(ending); err != nil {
		d.log.Warn("Jobs still run at the end: they are begun anew by another worker")
	}
	return nil
}

// worker is a job as River sees it.
type worker struct {
	river.WorkerDefaults[payload]
	job *engine.Definition
	run func(ctx context.Context, job *engine.Definition, args []byte, attempt int, last bool) error
}

func (w *worker) Work(ctx context.Context, job *river.Job[payload]) error {
	return w.run(ctx, w.job, job.Args.args, job.Attempt, job.Attempt >= job.MaxAttempts)
}

// Timeout is for the case that the job does not heed its own.
func (w *worker) Timeout(*river.Job[payload]) time.Duration {
	if w.job.Timeout == 0 {
		return -1
	}
	return w.job.Timeout + rescueMargin
}

func (w *worker) NextRetry(job *river.Job[payload]) time.Time {
	return time.Now().Add(w.job.Backoff(job.Attempt))
}

// Heartbeat implements [engine.Ledger].
func (d *Database[Tx]) Heartbeat(ctx context.Context, lost func()) error {
	return d.keep(ctx, lost, d.rescue)
}

// rescue lets the jobs of dead workers be worked by others.
func (d *Database[Tx]) rescue(ctx context.Context) {
	dead, err := d.deadWorkers(ctx)
	for _, id := range dead {
		if err == nil {
			err = d.rescueFrom(ctx, id)
		}
	}
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		d.log.Warn("Can't look after what other workers left behind, trying again", "error", err.Error())
	}
}

// rescueFrom makes the jobs available that a dead worker had, and forgets it.
func (d *Database[Tx]) rescueFrom(ctx context.Context, id string) error {
	now := time.Now().UTC()
	rescue := &riverdriver.JobRescueManyParams{StuckHorizon: now.Add(time.Hour)}
	given := 0
	err := d.query(ctx, `SELECT id, attempt, max_attempts FROM river_job WHERE state = 'running' AND `+d.lastOf+` = $1`,
		func(scan func(into ...any) error) error {
			var job int64
			var attempt, attempts int
			if err := scan(&job, &attempt, &attempts); err != nil {
				return err
			}
			reason, err := json.Marshal(rivertype.AttemptError{At: now, Attempt: attempt, Error: "the worker " + id + " is gone"})
			if err != nil {
				return err
			}
			state, finalized := rivertype.JobStateAvailable, (*time.Time)(nil)
			if attempt >= attempts {
				state, finalized = rivertype.JobStateDiscarded, &now
				given++
			}
			rescue.ID = append(rescue.ID, job)
			rescue.Error = append(rescue.Error, reason)
			rescue.FinalizedAt = append(rescue.FinalizedAt, finalized)
			rescue.ScheduledAt = append(rescue.ScheduledAt, now)
			rescue.State = append(rescue.State, string(state))
			return nil
		}, id)
	if err != nil {
		return err
	}
	if len(rescue.ID) > 0 {
		if _, err := d.driver.GetExecutor().JobRescueMany(ctx, rescue); err != nil {
			return err
		}
	}
	buried, err := d.exec(ctx, d.bury, id)
	if err == nil && buried == 1 {
		d.log.Warn(fmt.Sprintf("The worker %s is gone: %d of its jobs are begun anew, %d had no attempts left", id, len(rescue.ID)-given, given))
	}
	return err
}
