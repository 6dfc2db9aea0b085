package durable

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// missingAfter is the time after which a job is given back that the database lists as
// running in this worker, though this worker does not run it. For a moment that is so of
// every job that has ended and whose end is not recorded yet.
const missingAfter = 30 * time.Second

// runningJobs are the jobs that this worker runs. If the answer of the database to a
// fetch of jobs is lost, the database lists jobs as running that no worker runs. Compared
// with runningJobs, they are found.
type runningJobs struct {
	mu      sync.Mutex
	running map[int64]int // by the job's id: how many of its attempts run here

	missing map[attempt]time.Time // when each was first found missing; only the heartbeat uses it
}

// attempt is an attempt of a job.
type attempt struct {
	job    int64
	number int
}

func (r *runningJobs) begin(job int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == nil {
		r.running = map[int64]int{}
	}
	r.running[job]++
}

func (r *runningJobs) end(job int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[job]--; r.running[job] == 0 {
		delete(r.running, job)
	}
}

func (r *runningJobs) has(job int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running[job] > 0
}

// lostJobs returns the jobs that the database has listed as running in this worker at
// each call for missingAfter, though this worker does not run them. running is the
// database's list. If looked is false, the database could not be asked, and the time
// begins anew: the end of a job could not be recorded either.
func (r *runningJobs) lostJobs(running map[attempt]string, looked bool) (lost []attempt) {
	missing := map[attempt]time.Time{}
	for a := range running {
		if r.has(a.job) {
			continue
		}
		since, known := r.missing[a]
		if !known || !looked {
			since = time.Now()
		}
		if missing[a] = since; time.Since(since) >= missingAfter {
			lost = append(lost, a)
		}
	}
	r.missing = missing
	return lost
}

// giveBackLost makes lost jobs available to all workers. The lost attempt does not count.
func (d *Database[Tx]) giveBackLost(ctx context.Context, own conn, looked bool) error {
	running := map[attempt]string{}
	err := own.query(ctx, d.statements.running, func(scan func(into ...any) error) error {
		var a attempt
		var kind string
		err := scan(&a.job, &a.number, &kind)
		running[a] = kind
		return err
	}, d.worker)
	if err != nil {
		d.running.missing = nil
		return err
	}
	for _, a := range d.running.lostJobs(running, looked) {
		given, err := own.exec(ctx, d.statements.giveBackOne, a.job, a.number, d.worker)
		if err != nil {
			d.running.missing = nil
			return err
		}
		if given == 1 {
			d.log.Warn(fmt.Sprintf("Job %s, id %d, has been running in the database for %s and not in this worker: an answer of the database was lost. It is given back", running[a], a.job, missingAfter))
		}
	}
	return nil
}
