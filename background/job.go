package background

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/apiphant/apiphant/background/engine"
)

// Job is a function whose arguments are kept in a database until some worker
// has called it with them, at least once. Make one with [NewJob] and list it in
// the product's Jobs.
//
// The fields are options of what is enqueued from then on: set them before the
// first Enqueue, or enqueue with a copy. Timeout and Backoff are not stored with
// what is enqueued: those of the listed job apply.
//
//	var SendMail = background.NewJob("send_mail", sendMail)
//
//	err := SendMail.Enqueue(ctx, MailArgs{To: "ann@example.com"})
type Job[A any] struct {
	// Attempts is how often the function is called until the job is given up.
	// 0: 25, which takes three weeks with the default Backoff.
	Attempts int

	// Backoff returns how long to wait after an attempt that failed; the first
	// attempt is 1. nil: attempt⁴ seconds, plus or minus a tenth.
	Backoff func(attempt int) time.Duration

	// Timeout bounds an attempt: its context ends then. 0: DefaultTimeout;
	// negative: no limit.
	Timeout time.Duration

	// Priority is from 1, the first, to 4. 0: 1.
	Priority int

	// Delay is how long the first attempt waits.
	Delay time.Duration

	// Unique makes Enqueue do nothing, without an error, while a job with the
	// same arguments is not done yet.
	Unique bool

	// Queue is the name of the queue. Each queue has workers of its own, so that
	// its jobs do not wait for those of other queues. "": "default".
	Queue string

	name string
	run  func(ctx context.Context, args A) error
}

// NewJob returns a job that calls run. The name is stored with what is enqueued:
// do not change it while there are such jobs. It has letters and digits, and
// . _ - between them. A is stored as JSON.
func NewJob[A any](name string, run func(ctx context.Context, args A) error) *Job[A] {
	return &Job[A]{name: name, run: run}
}

// AnyJob is a *[Job] of any arguments.
type AnyJob interface {
	Definition() *engine.Definition
}

// Definition returns the job without the type of its arguments, for engines. It
// implements [AnyJob].
func (j *Job[A]) Definition() *engine.Definition {
	d := &engine.Definition{
		Name:     j.name,
		Queue:    cmp.Or(j.Queue, "default"),
		Attempts: cmp.Or(j.Attempts, 25),
		Priority: cmp.Or(j.Priority, 1),
		Timeout:  max(cmp.Or(j.Timeout, DefaultTimeout), 0),
		Delay:    j.Delay,
		Unique:   j.Unique,
		Backoff:  j.Backoff,
	}
	if d.Backoff == nil {
		d.Backoff = backoff
	}
	if j.run != nil {
		d.Function, d.Run = j.run, j.decodeAndRun
	}
	return d
}

func (j *Job[A]) decodeAndRun(ctx context.Context, encoded []byte) error {
	var args A
	if err := json.Unmarshal(encoded, &args); err != nil {
		return fmt.Errorf("can't decode the stored arguments: %w", err)
	}
	return j.run(ctx, args)
}

// Enqueue stores the job in the program's database, and returns when it is
// stored. It returns [ErrNoDatabase] if the program has no database. To enqueue
// in a transaction of your own, use EnqueueTx of the engine's package.
func (j *Job[A]) Enqueue(ctx context.Context, args A) error {
	queue, err := engine.QueueOf(ctx)
	if err != nil {
		return fmt.Errorf("job %s: %w", j.name, err)
	}
	encoded, err := j.Encode(args)
	if err != nil {
		return err
	}
	return queue.Enqueue(ctx, j.Definition(), encoded)
}

// Encode returns the arguments as they are stored. It is for engines.
func (j *Job[A]) Encode(args A) ([]byte, error) {
	encoded, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("job %s: can't encode the arguments: %w", j.name, err)
	}
	return encoded, nil
}

func backoff(attempt int) time.Duration {
	seconds := math.Pow(float64(min(attempt, 100)), 4)
	return time.Duration(seconds * (0.9 + 0.2*rand.Float64()) * float64(time.Second))
}
