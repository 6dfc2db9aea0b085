package durable

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	rescueLimit = 2 * time.Second // for all statements of one search for lost jobs
	leaveLimit  = 2 * time.Second // for all statements at the end of the worker
)

// Heartbeat implements [engine.Ledger]. At the end, the worker gives back the
// jobs that it still has.
func (d *Database[Tx]) Heartbeat(ctx context.Context, lost func()) error {
	sql, disconnect, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer disconnect()
	own := conn{sql}
	d.heartbeat(ctx, own, lost, func(ctx context.Context, beat beatResult) { d.rescue(ctx, own, beat) })

	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	if _, err := own.exec(leaving, d.statements.leave, d.worker); err != nil {
		return err
	}
	_, err = d.takeOver(leaving, own, d.worker, false)
	return err
}

// rescue makes jobs available that no worker runs: those of dead workers, and those of
// this worker that never reached it.
func (d *Database[Tx]) rescue(ctx context.Context, own conn, beat beatResult) {
	bounded, cancel := context.WithTimeout(ctx, rescueLimit)
	defer cancel()
	var errs []error
	for _, id := range beat.dead {
		jobs, err := d.takeOver(bounded, own, id, true)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		d.log.Warn(fmt.Sprintf("The worker %s is gone: what it had is taken over, with %d jobs that it was running", id, jobs))
	}
	errs = append(errs, d.giveBackLost(bounded, own, beat.looked))
	if err := errors.Join(errs...); err != nil && ctx.Err() == nil {
		d.log.Warn("Jobs without a worker can't be given to others, trying again", "error", err.Error())
	}
}

// takeOver makes the running jobs of a worker that was marked as dead available, and
// removes the worker's row. The attempt does not count; the death is counted instead. A
// worker that has written its row again meanwhile is alive, and keeps it.
func (d *Database[Tx]) takeOver(ctx context.Context, own conn, id string, died bool) (jobs int64, err error) {
	counts := 0
	if died {
		counts = 1
	}
	if jobs, err = own.exec(ctx, d.statements.giveBack, counts, id); err != nil {
		return 0, err
	}
	_, err = own.exec(ctx, d.statements.forget, id)
	return jobs, err
}
