package durable

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"github.com/apiphant/apiphant/background/engine"
	"github.com/apiphant/apiphant/database"
)

// Database implements [engine.Database].
type Database[Tx any] struct {
	*Ledger
	db      database.DB
	driver  riverdriver.Driver[Tx]
	connect Connect
	client  *river.Client[Tx] // only enqueues
	jobs    map[string]*engine.Definition
	running runningJobs
	log     *slog.Logger
	river   *slog.Logger // what River logs
}

// Connect returns what executes the statements of a worker's heartbeat, until
// disconnect is called. It does not wait for the pool of the database, all of
// whose connections may be in use for long.
type Connect func(ctx context.Context) (sql SQL, disconnect func(), err error)

// New returns the tasks and jobs in an open database. The driver and sql use its
// pool.
func New[Tx any](db database.DB, driver riverdriver.Driver[Tx], sql SQL, connect Connect, dialect Dialect, jobs []*engine.Definition, log *slog.Logger) (*Database[Tx], error) {
	worker := workerName()
	d := &Database[Tx]{
		Ledger:  newLedger(sql, dialect, worker),
		db:      db,
		driver:  driver,
		connect: connect,
		jobs:    map[string]*engine.Definition{},
		log:     log,
		river:   slog.New(warnings{log.Handler()}),
	}
	for _, job := range jobs {
		d.jobs[job.Name] = job
	}
	var err error
	d.client, err = river.NewClient(driver, &river.Config{ID: worker, Logger: d.river})
	return d, err
}

// workerName returns a name that no other process has, and that people can read.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	return fmt.Sprintf("%.50s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

// Enqueue implements [engine.Queue].
func (d *Database[Tx]) Enqueue(ctx context.Context, job *engine.Definition, args []byte) error {
	options, err := d.options(ctx, d.driver.GetExecutor(), job, args)
	if err != nil {
		return err
	}
	_, err = d.client.Insert(ctx, payload{job.Name, args}, options)
	return explained(job, err)
}

// EnqueueTx is Enqueue in a transaction of the caller.
func (d *Database[Tx]) EnqueueTx(ctx context.Context, tx Tx, job *engine.Definition, args []byte) error {
	options, err := d.options(ctx, d.driver.UnwrapExecutor(tx), job, args)
	if err != nil {
		return err
	}
	_, err = d.client.InsertTx(ctx, tx, payload{job.Name, args}, options)
	return explained(job, err)
}

func explained(job *engine.Definition, err error) error {
	if err != nil {
		return fmt.Errorf("job %s was not enqueued: %w", job.Name, err)
	}
	return nil
}

// options returns how River is to keep a job. It refuses what no worker would
// run, and what one of the databases can't store. A delay is counted by the clock
// of the database, which in asks.
func (d *Database[Tx]) options(ctx context.Context, in riverdriver.Executor, job *engine.Definition, args []byte) (*river.InsertOpts, error) {
	if d.jobs[job.Name] == nil {
		return nil, fmt.Errorf("job %s is not in the list that the product's Jobs() returns, so that no worker would run it", job.Name)
	}
	if err := job.Check(); err != nil {
		return nil, err
	}
	if !d.hasQueue(job.Queue) {
		return nil, fmt.Errorf("job %s: no job in the list that the product's Jobs() returns has the Queue %q, so that no worker would run it", job.Name, job.Queue)
	}
	if hasNUL(args) {
		return nil, fmt.Errorf("job %s: a text in the arguments has a NUL character, which PostgreSQL can't store", job.Name)
	}
	options := &river.InsertOpts{Queue: job.Queue, Priority: job.Priority, MaxAttempts: job.Attempts}
	if job.Delay > 0 {
		var now int64
		if err := in.QueryRow(ctx, d.statements.clock).Scan(&now); err != nil {
			return nil, explained(job, err)
		}
		options.ScheduledAt = time.UnixMicro(now).Add(job.Delay)
	}
	if job.Unique {
		options.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}}
	}
	return options, nil
}

func (d *Database[Tx]) hasQueue(name string) bool {
	for _, job := range d.jobs {
		if job.Queue == name {
			return true
		}
	}
	return false
}

// Stats implements [engine.Database].
func (d *Database[Tx]) Stats(ctx context.Context) (engine.Stats, error) {
	stats := engine.Stats{Depth: map[string]map[string]int{}, Oldest: map[string]time.Duration{}}
	set := func(queue, state string, count int) {
		if stats.Depth[queue] == nil {
			stats.Depth[queue] = map[string]int{}
		}
		stats.Depth[queue][state] = count
	}
	for _, job := range d.jobs {
		for _, state := range []string{"available", "scheduled", "retryable", "running"} {
			set(job.Queue, state, 0)
		}
	}
	err := d.query(ctx, `SELECT queue, CAST(state AS TEXT), count(*) FROM river_job
		WHERE state IN ('available', 'scheduled', 'retryable', 'running') GROUP BY queue, state`,
		func(scan func(into ...any) error) error {
			var queue, state string
			var count int
			err := scan(&queue, &state, &count)
			set(queue, state, count)
			return err
		})
	if err != nil {
		return stats, err
	}
	now := time.Now()
	for queue := range stats.Depth {
		if stats.Oldest[queue], err = d.oldest(ctx, queue, now); err != nil {
			return stats, err
		}
	}
	leader, err := d.driver.GetExecutor().LeaderGetElectedLeader(ctx, &riverdriver.LeaderGetElectedLeaderParams{})
	if err != nil && !errors.Is(err, rivertype.ErrNotFound) {
		return stats, err
	}
	stats.Leads = leader != nil && leader.LeaderID == d.worker
	return stats, nil
}

// oldest returns how long the oldest available job of a queue has waited.
func (d *Database[Tx]) oldest(ctx context.Context, queue string, now time.Time) (time.Duration, error) {
	listed, err := d.client.JobList(ctx, river.NewJobListParams().Queues(queue).States(rivertype.JobStateAvailable).
		OrderBy(river.JobListOrderByTime, river.SortOrderAsc).First(1))
	if err != nil || len(listed.Jobs) == 0 {
		return 0, err
	}
	return max(now.Sub(listed.Jobs[0].ScheduledAt), 0), nil
}

// warnings drops what is less than a warning: that River starts, and the
// outcomes of jobs, which the worker logs itself.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
