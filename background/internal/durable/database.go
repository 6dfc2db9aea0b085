package durable

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/apiphant/apiphant/background/engine"
)

// Database implements [engine.Database] but for Close and Migrate.
type Database[Tx any] struct {
	*Ledger
	driver riverdriver.Driver[Tx]
	client *river.Client[Tx] // only enqueues
	jobs   map[string]*engine.Definition
	log    *slog.Logger
	river  *slog.Logger // what River logs
	lastOf string
}

// New returns the database that a driver and SQL talk to.
func New[Tx any](driver riverdriver.Driver[Tx], sql SQL, dialect Dialect, jobs []*engine.Definition, log *slog.Logger) (*Database[Tx], error) {
	worker := workerName()
	d := &Database[Tx]{
		Ledger: newLedger(sql, dialect, worker),
		driver: driver,
		jobs:   map[string]*engine.Definition{},
		log:    log,
		river:  slog.New(warnings{log.Handler()}),
		lastOf: dialect.LastOf,
	}
	for _, job := range jobs {
		d.jobs[job.Name] = job
	}
	var err error
	d.client, err = river.NewClient(driver, &river.Config{ID: worker, Logger: d.river})
	return d, err
}

// warnings drops what is below a warning: that River starts, and the outcomes of
// jobs, which the worker logs itself.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

// workerName names this process among all, for people too.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	return fmt.Sprintf("%.50s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

// Migrate makes River's tables and the ledger's.
func (d *Database[Tx]) Migrate(ctx context.Context) error {
	migrator, err := rivermigrate.New(d.driver, &rivermigrate.Config{Logger: d.river})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	for _, table := range tables {
		if _, err := d.sql.Exec(ctx, table); err != nil {
			return err
		}
	}
	return nil
}

// Migrated implements [engine.Database].
func (d *Database[Tx]) Migrated(ctx context.Context) error {
	migrator, err := rivermigrate.New(d.driver, &rivermigrate.Config{Logger: d.river})
	if err != nil {
		return err
	}
	valid, err := migrator.Validate(ctx, nil)
	if err == nil && !valid.OK {
		err = errors.New(strings.Join(valid.Messages, "; "))
	}
	if err == nil {
		err = d.query(ctx, "SELECT worker FROM apiphant_task WHERE 1 = 0", nil)
	}
	if err != nil {
		return fmt.Errorf("its tables are not there or not up to date; --migrate makes them: %w", err)
	}
	return nil
}

// Enqueue implements [engine.Queue].
func (d *Database[Tx]) Enqueue(ctx context.Context, job *engine.Definition, args []byte) error {
	options, err := d.options(job)
	if err != nil {
		return err
	}
	_, err = d.client.Insert(ctx, payload{job.Name, args}, options)
	return explained(job, err)
}

// EnqueueTx is Enqueue in a transaction of the caller's.
func (d *Database[Tx]) EnqueueTx(ctx context.Context, tx Tx, job *engine.Definition, args []byte) error {
	options, err := d.options(job)
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

func (d *Database[Tx]) options(job *engine.Definition) (*river.InsertOpts, error) {
	if d.jobs[job.Name] == nil {
		return nil, fmt.Errorf("job %s is not in the list that the product's Jobs() returns, so that no worker would do it", job.Name)
	}
	options := &river.InsertOpts{Queue: job.Queue, Priority: job.Priority, MaxAttempts: job.Attempts}
	if job.Delay > 0 {
		options.ScheduledAt = time.Now().Add(job.Delay)
	}
	if job.Unique {
		options.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}}
	}
	return options, nil
}

// payload is the arguments of a job as River keeps them: {"args":…}, since River
// tells objects apart by their fields, and arguments can be anything.
type payload struct {
	name string
	args json.RawMessage
}

func (p payload) Kind() string { return p.name }

func (p payload) MarshalJSON() ([]byte, error) {
	return slices.Concat([]byte(`{"args":`), p.args, []byte(`}`)), nil
}

func (p *payload) UnmarshalJSON(data []byte) error {
	var kept struct {
		Args json.RawMessage `json:"args"`
	}
	err := json.Unmarshal(data, &kept)
	p.args = kept.Args
	return err
}

// Stats implements [engine.Database].
func (d *Database[Tx]) Stats(ctx context.Context) (engine.Stats, error) {
	stats := engine.Stats{Depth: map[string]map[string]int{}, Oldest: map[string]time.Duration{}}
	add := func(queue, state string, count int) {
		if stats.Depth[queue] == nil {
			stats.Depth[queue] = map[string]int{}
		}
		stats.Depth[queue][state] = count
	}
	for _, job := range d.jobs {
		for _, state := range []string{"available", "scheduled", "retryable", "running"} {
			add(job.Queue, state, 0)
		}
	}
	err := d.query(ctx, `SELECT queue, CAST(state AS TEXT), count(*) FROM river_job
		WHERE state IN ('available', 'scheduled', 'retryable', 'running') GROUP BY queue, state`,
		func(scan func(into ...any) error) error {
			var queue, state string
			var count int
			err := scan(&queue, &state, &count)
			add(queue, state, count)
			return err
		})
	if err != nil {
		return stats, err
	}
	now := time.Now()
	for queue := range stats.Depth {
		if err := d.oldest(ctx, queue, now, &stats); err != nil {
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

func (d *Database[Tx]) oldest(ctx context.Context, queue string, now time.Time, stats *engine.Stats) error {
	listed, err := d.client.JobList(ctx, river.NewJobListParams().Queues(queue).States(rivertype.JobStateAvailable).
		OrderBy(river.JobListOrderByTime, river.SortOrderAsc).First(1))
	if err != nil {
		return err
	}
	for _, job := range listed.Jobs {
		stats.Oldest[queue] = max(now.Sub(job.ScheduledAt), 0)
	}
	return nil
}
