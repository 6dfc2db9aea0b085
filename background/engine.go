package background

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Engine is a kind of database that a product is built with: sqlite.Engine(),
// postgres.Engine(). It is of use to programs and engines only, as are
// [Database] and what comes with it.
type Engine interface {
	// Schemes are what a --database for it can begin with: "postgres".
	Schemes() []string

	// Open connects to the database. It does not change it. Nothing but jobs of
	// these can be enqueued there.
	Open(ctx context.Context, url string, jobs []*Definition, log *zap.Logger) (Database, error)
}

// Database keeps jobs, and which tick of which task was taken by whom. Its
// methods may be called at the same time.
type Database interface {
	Queue
	Ledger

	// Migrate makes the tables, or brings them up to date, whoever else does
	// so at the same time.
	Migrate(ctx context.Context) error

	// Migrated returns an error if the tables are not there, or not up to date.
	Migrated(ctx context.Context) error

	// Work works jobs until ctx ends; then no new one is begun, those that run
	// have drain to finish, and then their contexts end. It returns when all of
	// it is done.
	Work(ctx context.Context, work Work) error

	// Stats tells how the queues are.
	Stats(ctx context.Context) (Stats, error)

	Close() error
}

// Queue takes jobs.
type Queue interface {
	Enqueue(ctx context.Context, job Order) error
}

// Order is a job to be done: what of it, with which arguments as JSON.
type Order struct {
	*Definition
	Args []byte
}

// Work is what [Database.Work] needs to know.
type Work struct {
	Jobs    []*Definition
	Workers int           // how many jobs run at once, in each queue
	Drain   time.Duration // see Database.Work
	Base    context.Context

	// Run does one attempt of a job, with all that belongs to it. The last one
	// is known from what was enqueued, which need not be as the listed job is.
	Run func(ctx context.Context, job *Definition, args []byte, attempt int, last bool) error
}

// Ledger lets one worker of all have each tick of a task, and one at a time
// have the task. A worker that ends without Release, or is not heard of for
// some seconds, has lost what it had.
type Ledger interface {
	// Begin tells of a task and its schedule. If there was none of that name,
	// or its schedule was another one, its last tick is set to first.
	Begin(ctx context.Context, task, spec string, first time.Time) error

	// Read returns how all tasks are.
	Read(ctx context.Context) (map[string]Entry, error)

	// Claim takes the task for this worker, if nobody has it and its schedule
	// and last tick are those of seen; tick is its last one from then on. With
	// a tick equal to that of seen it takes over a run that was not finished.
	Claim(ctx context.Context, task string, seen Entry, tick time.Time) (bool, error)

	// Release gives the task back. A run that was not done is done again, by
	// whoever takes it.
	Release(ctx context.Context, task string, done bool) error

	// Keep tells the others that this worker is alive, until ctx ends. lost is
	// called when they may have stopped to believe it: what it had is not its
	// own any more.
	Keep(ctx context.Context, lost func()) error
}

// Entry is how a task is.
type Entry struct {
	Spec   string
	Tick   time.Time // the last one that was taken
	Busy   bool      // a worker that is alive has it
	Orphan bool      // the worker that took Tick did not finish it, and can't any more
	Tries  int       // how often Tick was taken
}

// Stats is how the queues are.
type Stats struct {
	Depth  map[string]map[string]int // by queue and state: available, scheduled, retryable, running
	Oldest map[string]time.Duration  // by queue: for how long the oldest job that could run has waited
	Leads  bool                      // this worker does the queues' housekeeping
}

// ErrNoDatabase is what [Job.Enqueue] returns in a program that was started
// without --database.
var ErrNoDatabase = errors.New("there is no database to keep jobs in: start the program with --database URL")

type queueKey struct{}

// WithQueue returns a context in which jobs are enqueued there. It is for
// programs.
func WithQueue(ctx context.Context, queue Queue) context.Context {
	return context.WithValue(ctx, queueKey{}, queue)
}

// QueueOf returns the queue of a context, or ErrNoDatabase. It is for engines.
func QueueOf(ctx context.Context) (Queue, error) {
	if queue, ok := ctx.Value(queueKey{}).(Queue); ok {
		return queue, nil
	}
	return nil, ErrNoDatabase
}

// known are the engines of this module, by scheme.
var known = map[string]string{"postgres": "postgres", "postgresql": "postgres", "sqlite": "sqlite"}

// Open opens the database that url names with the engine that the product has
// for it. What goes on in it is logged, unless log is nil.
func (p *Product) Open(ctx context.Context, url string, log *zap.Logger) (Database, error) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !schemeForm.MatchString(scheme) { // it may be a secret
		return nil, fmt.Errorf("--database has no scheme: %w", ErrScheme)
	}
	if known[scheme] == "postgres" && hasUnescapedPassword(rest) {
		return nil, errors.New("--database has an @ after its host: in a user, a password and what follows the host, write / ? # @ as %2F %3F %23 %40")
	}
	jobs, err := p.Definitions()
	if err != nil {
		return nil, err
	}
	var engines []Engine
	if p != nil && p.Engines != nil {
		engines = p.Engines()
	}
	for _, engine := range engines {
		if slices.Contains(engine.Schemes(), scheme) {
			database, err := engine.Open(ctx, url, jobs, cmp.Or(log, zap.NewNop()))
			if err != nil {
				return nil, fmt.Errorf("--database %s: %w", redacted(url), err)
			}
			return database, nil
		}
	}
	if name, ok := known[scheme]; ok {
		return nil, fmt.Errorf("--database %s: the product is built without this engine. Add to api/background:\n\n"+
			"\timport \"github.com/apiphant/apiphant/background/%s\"\n\n"+
			"\tfunc Engines() []background.Engine { return []background.Engine{%[2]s.Engine()} }", redacted(url), name)
	}
	return nil, fmt.Errorf("--database: there is no engine for %s: %w", scheme, ErrScheme)
}

// ErrScheme is in what [Product.Open] returns for a database of an unknown kind.
var ErrScheme = errors.New("want sqlite:///path or postgres://…")

var schemeForm = regexp.MustCompile("^[a-z][a-z0-9+.-]*$")

// hasUnescapedPassword tells whether what follows the scheme seems to have a
// password that was cut in two, of which one part would be taken for a name.
func hasUnescapedPassword(rest string) bool {
	host := strings.IndexAny(rest, "/?#")
	return host >= 0 && strings.Contains(rest[host:], "@")
}

// redacted returns a URL without what may be secret in it: the password, and all
// that follows the path.
func redacted(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		scheme, _, _ := strings.Cut(text, "://")
		return scheme + "://…"
	}
	parsed.RawQuery, parsed.Fragment = "", ""
	return parsed.Redacted()
}
