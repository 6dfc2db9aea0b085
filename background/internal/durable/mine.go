package durable

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// missingAfter is how long a job that the database has as running in this worker
// must be missing here until it is given back. One whose end was not recorded yet
// is missing for a moment.
const missingAfter = 30 * time.Second

// mine are the jobs that this worker runs. Where the answer of the database to a
// fetch of jobs is lost, or a process is frozen in that moment, jobs are running
// in the database and nowhere else, for as long as this worker lives.
type mine struct {
	mu      sync.Mutex
	running map[int64]int // attempts of each job that run here

	missing map[attempt]time.Time // when each was missed first; the heartbeat's alone
}

// attempt is an attempt of a job.
type attempt struct {
	job    int64
	number int
}

func (m *mine) begin(job int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running == nil {
		m.running = map[int64]int{}
	}
	m.running[job]++
}

func (m *mine) end(job int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[job]--; m.running[job] == 0 {
		delete(m.running, job)
	}
}

func (m *mine) has(job int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running[job] > 0
}

// lostJobs looks for jobs that run in this worker by the database only, and
// returns those that were missing here at all looks for missingAfter. After a
// look that failed, or if looked is false, it begins anew: then the end of a job
// could not be recorded, either.
func (m *mine) lostJobs(running map[attempt]string, looked bool) (lost []attempt) {
	missing := map[attempt]time.Time{}
	for a := range running {
		if m.has(a.job) {
			continue
		}
		since, known := m.missing[a]
		if !known || !looked {
			since = time.Now()
		}
		if missing[a] = since; time.Since(since) >= missingAfter {
			lost = append(lost, a)
		}
	}
	m.missing = missing
	return lost
}

// giveBackLost makes the jobs available that run in this worker by the database
// only. The attempt does not count.
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
		d.mine.missing = nil
		return err
	}
	for _, a := range d.mine.lostJobs(running, looked) {
		given, err := own.exec(ctx, d.statements.giveBackOne, a.job, a.number, d.worker)
		if err != nil {
			d.mine.missing = nil
			return err
		}
		if given == 1 {
			d.log.Warn(fmt.Sprintf("Job %s, id %d, has been running in the database for %s and not in this worker: an answer of the database was lost. It is given back", running[a], a.job, missingAfter))
		}
	}
	return nil
}
