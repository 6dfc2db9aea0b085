package background

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"time"
)

// Job is work that is kept in a database until it is done: at least once, by
// some worker. Make it with [NewJob], list it in the product's Jobs. Its
// options are for what is enqueued from then on: set them before the first
// Enqueue, or enqueue with a copy. Timeout and Backoff are not kept with what is
// enqueued: there, those of the listed job count.
//
//	var SendMail = background.NewJob("send_mail", sendMail)
//
//	err := SendMail.Enqueue(ctx, MailArgs{To: "ann@example.com"})
type Job[A any] struct {
	// Attempts is how often it is tried until it is given up. 0: 25, which is
	// three weeks with the default Backoff.
	Attempts int

	// Backoff is how long to wait after a failed attempt, counted from 1.
	// nil: attempt⁴ seconds, a tenth more or less.
	Backoff func(attempt int) time.Duration

	// Timeout is how long an attempt may take until its context ends.
	// 0: DefaultTimeout; negative: no end.
	Timeout time.Duration

	// Priority is from 1, the first, to 4. 0: 1.
	Priority int

	// Delay is how long to wait until the first attempt.
	Delay time.Duration

	// Unique drops what is enqueued, without an error, while there is one with
	// the same arguments that is not done yet.
	Unique bool

	// Queue is where it waits: each queue has workers of its own, so that its
	// jobs don't wait for those of others. "": "default".
	Queue string

	name  string
	run   func(ctx context.Context, args A) error
	place string
}

// NewJob makes a job of a function. The name is what is kept in the database:
// letters, digits, and . _ - between them; don't change it while there are jobs of it.
// A is kept as JSON.
func NewJob[A any](name string, run func(ctx context.Context, args A) error) *Job[A] {
	j := &Job[A]{name: name, run: run}
	if run != nil {
		_, j.place = functionName(run)
	}
	return j
}

// AnyJob is a *Job of any arguments.
type AnyJob interface {
	Definition() *Definition
}

// Definition is a job without the type of its arguments, its defaults filled
// in. It is for engines.
type Definition struct {
	Name     string
	Queue    string
	Attempts int
	Priority int
	Timeout  time.Duration // 0: no end
	Delay    time.Duration
	Unique   bool
	Backoff  func(attempt int) time.Duration
	Run      func(ctx context.Context, args []byte) error

	place string
}

// Definition implements [AnyJob].
func (j *Job[A]) Definition() *Definition {
	d := &Definition{
		Name: j.name, Queue: j.Queue, Attempts: j.Attempts, Priority: j.Priority,
		Timeout: timeout(j.Timeout), Delay: j.Delay, Unique: j.Unique, Backoff: j.Backoff, place: j.place,
	}
	if d.Queue == "" {
		d.Queue = "default"
	}
	if d.Attempts == 0 {
		d.Attempts = 25
	}
	if d.Priority == 0 {
		d.Priority = 1
	}
	if d.Backoff == nil {
		d.Backoff = backoff
	}
	if j.run != nil {
		d.Run = j.work
	}
	return d
}

func (j *Job[A]) work(ctx context.Context, encoded []byte) error {
	var args A
	if err := json.Unmarshal(encoded, &args); err != nil {
		return fmt.Errorf("can't read the arguments that were kept: %w", err)
	}
	return j.run(ctx, args)
}

// Enqueue keeps the job in the program's database, and returns once it is there.
// It returns [ErrNoDatabase] where there is none. EnqueueTx of an engine's
// package does so in a transaction of the caller's.
func (j *Job[A]) Enqueue(ctx context.Context, args A) error {
	queue, err := QueueOf(ctx)
	if err != nil {
		return fmt.Errorf("job %s: %w", j.name, err)
	}
	order, err := j.Order(args)
	if err != nil {
		return err
	}
	return queue.Enqueue(ctx, order)
}

// Order encodes the arguments. It is for engines.
func (j *Job[A]) Order(args A) (Order, error) {
	encoded, err := json.Marshal(args)
	if err != nil {
		return Order{}, fmt.Errorf("job %s: can't keep the arguments: %w", j.name, err)
	}
	return Order{j.Definition(), encoded}, nil
}

func backoff(attempt int) time.Duration {
	seconds := math.Pow(float64(min(attempt, 100)), 4)
	return time.Duration(seconds * (0.9 + 0.2*rand.Float64()) * float64(time.Second))
}

var (
	jobName   = regexp.MustCompile(`^[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*$`)
	queueName = regexp.MustCompile(`^[a-z0-9]+([_-]+[a-z0-9]+)*$`)
)

func (d *Definition) check() error {
	switch {
	case !jobName.MatchString(d.Name) || len(d.Name) > 100:
		return fmt.Errorf("job name %q: want letters and digits, with . _ - between them", d.Name)
	case d.Run == nil:
		return fmt.Errorf("job %s has no function", d.Name)
	case d.Attempts < 1 || d.Attempts > math.MaxInt16:
		return fmt.Errorf("job %s: %d attempts: want 1 or more", d.Name, d.Attempts)
	case d.Priority < 1 || d.Priority > 4:
		return fmt.Errorf("job %s: priority %d: want 1 to 4", d.Name, d.Priority)
	case !queueName.MatchString(d.Queue) || len(d.Queue) > 64:
		return fmt.Errorf("job %s: queue %q: want small letters and digits, with _ - between them", d.Name, d.Queue)
	case d.Delay < 0:
		return errors.New("job " + d.Name + ": a delay below 0")
	}
	return nil
}
