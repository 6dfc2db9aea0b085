package lambdaemulator

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Settings are those of a function. None may be zero but Log.
type Settings struct {
	Name      string        // "shop"
	Region    string        // "us-east-1"
	Timeout   time.Duration // of a call
	Memory    int           // of an instance, in MB
	Instances int           // that may run at a time
	Log       io.Writer     // what the function logs, and a line for each call; nil: nowhere
}

// Account is the number of the account that ARNs have.
const Account = "123456789012"

// Bounds of Lambda, in bytes.
const (
	MaxPayload      = 6 << 20     // of an event and of an answer
	MaxAsyncPayload = 1 << 20     // of an event that nobody waits for
	maxAnswer       = 6<<20 + 100 // of an answer: so many does Lambda take
	maxStream       = 200 << 20   // of an answer that streams
	maxError        = 256 << 10   // of an error that the function reports
	tailSize        = 4 << 10     // of the log that a caller may ask for
	maxQueued       = 100         // events that nobody waits for
)

// Function is a function of Lambda. Its methods may be called concurrently.
type Function struct {
	settings Settings
	log      *lineLog
	places   chan struct{} // one is held by each call that runs
	queue    chan struct{} // one is held by each event that nobody waits for

	mu         sync.Mutex
	binary     string
	generation int // of binary
	broken     error
	idle       []*instance // the one that was used last is at the end
	all        map[*instance]bool
	number     int // of the last instance
	closed     bool
	cut        chan struct{} // closed where Close waits no more
	cutOnce    sync.Once
	running    sync.WaitGroup // calls, and the ends of instances
}

// New returns a function that has no program yet: see [Function.Use].
func New(settings Settings) *Function {
	if settings.Log == nil {
		settings.Log = io.Discard
	}
	return &Function{
		settings: settings,
		log:      &lineLog{to: settings.Log},
		places:   make(chan struct{}, settings.Instances),
		queue:    make(chan struct{}, maxQueued),
		all:      map[*instance]bool{},
		cut:      make(chan struct{}),
		broken:   errors.New("it has no program yet"),
	}
}

// Errors of calls that did not reach the function.
var (
	ErrThrottled = errors.New("as many calls run as there may be instances")
	ErrClosed    = errors.New("the function is being stopped")
)

// NotReadyError is the error of a call for which there is no program.
type NotReadyError struct{ Err error }

func (e *NotReadyError) Error() string { return "the function has no program: " + e.Err.Error() }
func (e *NotReadyError) Unwrap() error { return e.Err }

// Use lets calls from now on run the program in the file binary. Calls that run go on.
func (f *Function) Use(binary string) {
	f.mu.Lock()
	f.binary, f.broken = binary, nil
	f.generation++
	old := f.idle
	f.idle = nil
	f.mu.Unlock()
	for _, i := range old {
		f.end(i)
	}
}

// NotReady lets calls fail with why, where there is no program.
func (f *Function) NotReady(why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.binary == "" {
		f.broken = why
	}
}

// Invoke calls the function, and waits for its answer and the end of its call. An error
// says that the function was not called.
func (f *Function) Invoke(call Call) (*Result, error) {
	if !f.begin() {
		return nil, ErrClosed
	}
	defer f.running.Done()
	select {
	case f.places <- struct{}{}:
	default:
		return nil, ErrThrottled
	}
	return f.invoke(call)
}

// Enqueue lets the function be called when there is an instance for it, and does not wait.
// The result goes to the log alone. Of such calls there may be 100.
func (f *Function) Enqueue(call Call) error {
	if !f.begin() {
		return ErrClosed
	}
	select {
	case f.queue <- struct{}{}:
	default:
		f.running.Done()
		return ErrThrottled
	}
	go func() {
		defer f.running.Done()
		defer func() { <-f.queue }()
		select {
		case f.places <- struct{}{}:
			if _, err := f.invoke(call); err != nil {
				f.log.write("The event " + call.ID + " is lost: " + err.Error() + "\n")
			}
		case <-f.cut:
		}
	}()
	return nil
}

// begin counts a call that begins, unless no more may.
func (f *Function) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.running.Add(1)
	return true
}

// invoke runs a call that has a place, and frees it.
func (f *Function) invoke(call Call) (*Result, error) {
	defer func() { <-f.places }()
	i, err := f.take()
	if err != nil {
		return nil, err
	}
	result := i.run(call)
	f.give(i, result)
	f.log.write(result.report(f.settings, i))
	return result, nil
}

// take returns an instance that no call uses. The caller holds a place.
func (f *Function) take() (*instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.idle) > 0 {
		i := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if i.process.alive() {
			return i, nil
		}
		f.endLocked(i)
	}
	select {
	case <-f.cut:
		return nil, ErrClosed
	default:
	}
	if f.broken != nil {
		return nil, &NotReadyError{f.broken}
	}
	f.number++
	i, err := newInstance(f.settings, f.binary, f.number, f.generation, f.log)
	if err != nil {
		return nil, &NotReadyError{err}
	}
	f.all[i] = true
	return i, nil
}

// give takes an instance back, or ends it where it is of no more use.
func (f *Function) give(i *instance, result *Result) {
	f.mu.Lock()
	keep := result.healthy && i.generation == f.generation && !f.closed
	if keep {
		f.idle = append(f.idle, i)
	}
	f.mu.Unlock()
	if !keep {
		f.end(i)
	}
}

// end ends an instance, without waiting for it.
func (f *Function) end(i *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endLocked(i)
}

func (f *Function) endLocked(i *instance) {
	if !f.all[i] {
		return
	}
	delete(f.all, i)
	f.running.Go(i.end)
}

// Close lets no more calls begin, waits for those that run until ctx ends, kills what runs
// then, and returns when no process is left. An error says that calls were cut off. It may
// be called again, to wait for less.
func (f *Function) Close(ctx context.Context) error {
	f.mu.Lock()
	f.closed = true
	idle := f.idle
	f.idle = nil
	f.mu.Unlock()
	for _, i := range idle {
		f.end(i)
	}
	done := make(chan struct{})
	go func() { f.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	f.mu.Lock()
	f.cutOnce.Do(func() { close(f.cut) })
	for i := range f.all {
		i.process.kill()
	}
	f.mu.Unlock()
	<-done
	return ctx.Err()
}
