package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// Heartbeat implements [engine.Ledger].
func (d *Database[Tx]) Heartbeat(ctx context.Context, lost func()) error {
	return d.heartbeat(ctx, lost, d.rescue)
}

// rescue makes the running jobs of dead workers available to others.
func (d *Database[Tx]) rescue(ctx context.Context) {
	dead, err := d.deadWorkers(ctx)
	for _, id := range dead {
		if err == nil {
			err = d.rescueFrom(ctx, id)
		}
	}
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		d.log.Warn("The jobs of workers that are gone can't be taken over, trying again", "error", err.Error())
	}
}

// rescueFrom takes over the jobs of a dead worker, and removes its row.
func (d *Database[Tx]) rescueFrom(ctx context.Context, id string) error {
	rescue, discarded, err := d.jobsOf(ctx, id, time.Now().UTC())
	if err != nil {
		return err
	}
	if len(rescue.ID) > 0 {
		if _, err := d.driver.GetExecutor().JobRescueMany(ctx, rescue); err != nil {
			return err
		}
	}
	removed, err := d.exec(ctx, d.forget, id)
	if err == nil && removed == 1 {
		d.log.Warn(fmt.Sprintf("The worker %s is gone: %d of its jobs will be repeated, %d had no attempts left", id, len(rescue.ID)-discarded, discarded))
	}
	return err
}

// jobsOf returns the running jobs of a worker, each with what is to become of
// it, and how many are to be discarded, having no attempts left.
func (d *Database[Tx]) jobsOf(ctx context.Context, id string, now time.Time) (rescue *riverdriver.JobRescueManyParams, discarded int, err error) {
	rescue = &riverdriver.JobRescueManyParams{StuckHorizon: now.Add(time.Hour)}
	err = d.query(ctx, `SELECT id, attempt, max_attempts FROM river_job WHERE state = 'running' AND `+d.lastOf+` = $1`,
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
				discarded++
			}
			rescue.ID = append(rescue.ID, job)
			rescue.Error = append(rescue.Error, reason)
			rescue.FinalizedAt = append(rescue.FinalizedAt, finalized)
			rescue.ScheduledAt = append(rescue.ScheduledAt, now)
			rescue.State = append(rescue.State, string(state))
			return nil
		}, id)
	return rescue, discarded, err
}
