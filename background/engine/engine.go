// Package engine says what a database has to do for background tasks and jobs.
// Packages background/sqlite and background/postgres are the engines of this
// module; package background/worker uses them.
package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/apiphant/apiphant/database"
)

// Engine is a kind of database.
type Engine interface {
	// Driver opens the databases that Open takes.
	Driver() database.Driver

	// Open returns the tasks and jobs in a database that Driver has opened. It
	// changes nothing there. Only the given jobs can be enqueued.
	Open(db database.DB, jobs []*Definition, log *slog.Logger) (Database, error)
}

// Database stores jobs, and which worker has taken which tick of a task. Its
// methods may be called concurrently.
type Database interface {
	Queue
	Ledger

	// Migrate creates the tables or brings them up to date. Several processes
	// may call it at the same time. Where there is nothing to do, it needs no
	// right to change tables.
	Migrate(ctx context.Context) error

	// Migrated returns an error if the tables are missing or out of date.
	Migrated(ctx context.Context) error

	// Work works jobs until ctx ends. Then it begins no new job, and returns when
	// no job runs any more, but soon after the time of Work.Drain, by which
	// Work.Run cancels the contexts of jobs, at the latest.
	Work(ctx context.Context, work Work) error

	// Stats returns the state of the queues.
	Stats(ctx context.Context) (Stats, error)
}

// Queue stores jobs.
type Queue interface {
	// Enqueue stores a job with its arguments, which are JSON. It returns when
	// they are stored.
	Enqueue(ctx context.Context, job *Definition, args []byte) error
}

// Work is what [Database.Work] is to do.
type Work struct {
	Jobs    []*Definition
	Workers int             // how many jobs of one queue run at the same time
	Drain   time.Duration   // how long running jobs may take to finish at the end
	Base    context.Context // the parent of the contexts of jobs

	// Run executes one attempt of a job and everything around it: log, metrics,
	// OnError. If its error is ErrInterrupted, the job is to be run again, and the
	// attempt does not count. If it is ErrGivenUp, no other attempt follows.
	Run func(ctx context.Context, job *Definition, attempt Attempt) error
}

// Attempt is one attempt of a job.
type Attempt struct {
	Args   []byte // of the job, as JSON
	Number int    // from 1
	Last   bool   // no other attempt follows, by the Attempts that the job was enqueued with
	Deaths int    // how many workers have died while they ran the job

	// Receipt is how a queue that brings its messages to the program knows this
	// attempt, for a [Postponer]. "": the queue does not bring them.
	Receipt string
}

// Postponer is a [Database] which can be told when to bring a job again.
type Postponer interface {
	// Postpone lets the job of a receipt come again after a time, from now on.
	Postpone(ctx context.Context, receipt string, by time.Duration) error
}

// Errors of Work.Run.
var (
	ErrInterrupted = errors.New("interrupted")
	ErrGivenUp     = errors.New("given up")
)

// Ledger decides which worker runs a task for which tick. A tick is a time of
// the task's schedule: each is taken by one worker, and only one worker has a
// task at any time. A worker loses what it has taken when it ends without
// Release, or when it has not written its heartbeat for some seconds.
type Ledger interface {
	// Begin registers a task and its schedule. Where the name is new, or was
	// registered with another schedule, first becomes its last taken tick.
	Begin(ctx context.Context, task, spec string, first time.Time) error

	// Read returns the state of all tasks. A task that this worker has itself is
	// an orphan: a worker reads the state of a task only while it does not run it,
	// so that it has claimed the task without getting the answer.
	Read(ctx context.Context) (State, error)

	// Claim takes tick for this worker, and reports whether it did: if no other
	// worker has the task, and its schedule and last taken tick are still those
	// of seen. A tick that equals seen.Tick takes over a run that was not
	// finished. After an error the tick may be taken all the same; then Read says
	// so.
	Claim(ctx context.Context, task string, seen Entry, tick time.Time) (bool, error)

	// Release gives the task back. If done is false, the run is repeated by the
	// worker that claims the task next.
	Release(ctx context.Context, task string, done bool) error

	// TakeBack replaces the last taken tick of a task, which is that of seen, by
	// an earlier one, unless the task has been claimed since.
	TakeBack(ctx context.Context, task string, seen Entry, tick time.Time) error

	// Hold keeps a task from being claimed, until Free or the end of this worker,
	// and reports whether it does: not if another worker has it. The task may be
	// one that is not registered. Nothing else of its state changes.
	Hold(ctx context.Context, task string) (bool, error)

	// Free lets the task be claimed again.
	Free(ctx context.Context, task string) error

	// Heartbeat writes regularly that this worker is alive, until ctx ends. It
	// calls lost when other workers may have taken over what this one had. At the
	// end it gives back the jobs that this worker still has.
	Heartbeat(ctx context.Context, lost func()) error
}

// State is what a [Ledger] knows at a moment.
type State struct {
	// Now is that moment, by a clock that all workers share. By it workers decide
	// when a tick has come.
	Now   time.Time
	Tasks map[string]Entry // by name
}

// Entry is the state of a task.
type Entry struct {
	Spec   string    // the schedule
	Tick   time.Time // the last tick that was taken
	Busy   bool      // another living worker has the task, or holds it
	Orphan bool      // Tick was taken and not finished, and no worker runs the task
	Tries  int       // how often Tick was taken
}

// Stats is the state of the queues.
type Stats struct {
	Depth  map[string]map[string]int // number of jobs by queue and state: available, scheduled, retryable, running
	Oldest map[string]time.Duration  // by queue: how long the oldest available job has waited
	Leads  bool                      // this worker does the maintenance of the queues
}
