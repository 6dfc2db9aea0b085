// Package engine says what a database has to do for background tasks and jobs.
// Packages background/sqlite and background/postgres are the engines of this
// module; package background/worker uses them.
package engine

import (
	"context"
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

	// Work works jobs until ctx ends. Then it begins no new job, lets the
	// running ones finish for the time of Work.Drain, and cancels their contexts
	// after it. It returns when no job runs any more.
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
	// OnError. last is whether no other attempt follows, by the Attempts that the
	// job was enqueued with.
	Run func(ctx context.Context, job *Definition, args []byte, attempt int, last bool) error
}

// Ledger decides which worker runs a task for which tick. A tick is a time of
// the task's schedule: each is taken by one worker, and only one worker has a
// task at any time. A worker loses what it has taken when it ends without
// Release, or when it has not written its heartbeat for some seconds.
type Ledger interface {
	// Begin registers a task and its schedule. Where the name is new, or was
	// registered with another schedule, first becomes its last taken tick.
	Begin(ctx context.Context, task, spec string, first time.Time) error

	// Read returns the state of all tasks by name. A task that this worker has
	// itself is an orphan: a worker reads the state of a task only while it does
	// not run it, so that it has claimed the task without getting the answer.
	Read(ctx context.Context) (map[string]Entry, error)

	// Claim takes tick for this worker, and reports whether it did: if no other
	// worker has the task, and its schedule and last taken tick are still those
	// of seen. A tick that equals seen.Tick takes over a run that was not
	// finished. After an error the tick may be taken all the same; then Read says
	// so.
	Claim(ctx context.Context, task string, seen Entry, tick time.Time) (bool, error)

	// Release gives the task back. If done is false, the run is repeated by the
	// worker that claims the task next.
	Release(ctx context.Context, task string, done bool) error

	// Heartbeat writes regularly that this worker is alive, until ctx ends. It
	// calls lost when other workers may have taken over what this one had.
	Heartbeat(ctx context.Context, lost func()) error
}

// Entry is the state of a task.
type Entry struct {
	Spec   string    // the schedule
	Tick   time.Time // the last tick that was taken
	Busy   bool      // another living worker has the task
	Orphan bool      // Tick was taken and not finished, and no worker runs the task
	Tries  int       // how often Tick was taken
}

// Stats is the state of the queues.
type Stats struct {
	Depth  map[string]map[string]int // number of jobs by queue and state: available, scheduled, retryable, running
	Oldest map[string]time.Duration  // by queue: how long the oldest available job has waited
	Leads  bool                      // this worker does the maintenance of the queues
}
