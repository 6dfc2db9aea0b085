package lambdaemulator

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	initTimeout = 10 * time.Second       // in which a process must ask for its first event
	lookEvery   = 20 * time.Millisecond  // at the memory of a process
	termTimeout = 500 * time.Millisecond // in which a process that wants SIGTERM must end
	exitTimeout = time.Second            // in which one may end that can't be called
)

// instance is a process of the function, and the runtime API that it asks. It has one
// call at a time.
type instance struct {
	settings   Settings
	number     int // counted from 1
	generation int // of the function's program
	process    *process
	api        *http.Server
	warm       bool // it has had a call

	events chan event    // from the runtime, for run
	calls  chan *running // to the runtime
	done   chan struct{} // closed at the end

	mu      sync.Mutex
	current *running // nil: none, or it has its answer
	sigterm bool     // the process has registered an extension
}

// running is a call while it runs.
type running struct {
	Call
	deadline time.Time
	arn      string
	sink     sink
}

// event is something that the runtime has asked or said.
type event struct {
	what      eventKind
	result    Result // of answered
	errorType string // of answered and initFailed
}

type eventKind int

const (
	asked      eventKind = iota // for the next call
	answered                    // the call, be it with an error
	initFailed                  // it can't be called at all
)

// newInstance starts the program in file binary.
func newInstance(settings Settings, binary string, number, generation int, log *lineLog) (*instance, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{
		settings: settings, number: number, generation: generation,
		events: make(chan event), calls: make(chan *running), done: make(chan struct{}),
	}
	i.process, err = startProcess(binary, environment(settings, ln.Addr().String(), number), log)
	if err != nil {
		ln.Close()
		return nil, err
	}
	i.api = &http.Server{Handler: i.runtimeAPI(), ReadHeaderTimeout: time.Minute}
	go func() { _ = i.api.Serve(ln) }()
	return i, nil
}

// run runs a call, and returns its outcome when the runtime asks for the next one, or the
// process has ended.
func (i *instance) run(call Call) *Result {
	r := &Result{id: call.ID, Version: version(call.Qualifier), cold: !i.warm}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	if i.warm {
		i.process.thaw()
	} else if i.warm = i.initialize(r, look.C); !i.warm {
		i.finish(r)
		return r
	}
	i.process.output.mark(fmt.Sprintf("START RequestId: %s Version: %s\n", r.id, r.Version))
	began := time.Now()
	c := &running{Call: call, deadline: began.Add(i.settings.Timeout), arn: arn(i.settings, call.Qualifier)}
	c.sink.to = call.Stream
	i.setCurrent(c)
	i.call(r, c, look.C)
	i.setCurrent(nil)
	c.sink.close()
	r.duration = time.Since(began)
	i.finish(r)
	return r
}

// initialize waits until the process asks for its first call.
func (i *instance) initialize(r *Result, look <-chan time.Time) bool {
	late := time.NewTimer(initTimeout)
	defer late.Stop()
	e, ok := i.await(r, late.C, initTimeout, look)
	r.init = time.Since(i.process.started)
	if !ok {
		return false
	}
	if e.what == initFailed {
		*r = Result{id: r.id, Version: r.Version, cold: true, init: r.init, Payload: e.result.Payload, ContentType: "application/json",
			Failed: true, status: "error", errorType: e.errorType}
		select { // its last words are to come
		case <-i.process.exited:
		case <-time.After(exitTimeout):
		}
	}
	return e.what == asked
}

// call hands a call over, and waits for its end.
func (i *instance) call(r *Result, c *running, look <-chan time.Time) {
	late := time.NewTimer(i.settings.Timeout)
	defer late.Stop()
	select {
	case i.calls <- c:
	case <-i.process.exited:
	case <-late.C: // it asks for none; await says that it is late
		late.Reset(0)
	}
	isAnswered := false
	for {
		outcome := *r
		e, ok := i.await(&outcome, late.C, i.settings.Timeout, look)
		switch {
		case !ok && isAnswered: // the answer stands
			return
		case !ok:
			outcome.Streamed = c.sink.used()
			*r = outcome
			return
		case e.what == answered:
			isAnswered = true
			r.take(e)
		case e.what == asked && isAnswered:
			r.healthy = true
			return
		case e.what == asked:
			r.fail("Runtime.NoResponse", fmt.Sprintf("RequestId: %s Error: the runtime asked for the next event before it had answered this one", r.id))
			return
		}
	}
}

// take takes over what the runtime answered.
func (r *Result) take(e event) {
	r.Payload, r.Failed, r.ContentType, r.Streamed = e.result.Payload, e.result.Failed, e.result.ContentType, e.result.Streamed
	if r.Failed {
		r.status, r.errorType = "error", e.errorType
	}
}

// await returns what the runtime asks or says next. Where the process ends, is late, or
// needs too much memory, it is killed, r says so, and ok is false.
func (i *instance) await(r *Result, late <-chan time.Time, limit time.Duration, look <-chan time.Time) (e event, ok bool) {
	for {
		select {
		case e := <-i.events:
			if e.what != asked && i.tooLarge() { // else a short call could have any amount
				i.outOfMemory(r)
				return e, false
			}
			return e, true
		case <-i.process.exited:
			i.exited(r, "Runtime.ExitError", i.process.ending())
			return event{}, false
		case <-look:
			if i.tooLarge() {
				i.outOfMemory(r)
				return event{}, false
			}
		case <-late:
			i.kill()
			i.process.output.drain()
			said := fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())
			r.fail("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: %s", r.id, said))
			r.status = "timeout"
			i.process.output.say(fmt.Sprintf("%s %s %s", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), r.id, said))
			return event{}, false
		}
	}
}

func (i *instance) tooLarge() bool { return i.process.peak() > int64(i.settings.Memory)<<20 }

func (i *instance) outOfMemory(r *Result) {
	i.kill()
	i.exited(r, "Runtime.OutOfMemory", "with error: signal: killed")
}

// exited makes the end of the process the outcome of a call, and logs it as Lambda does.
func (i *instance) exited(r *Result, errorType, how string) {
	said := fmt.Sprintf("RequestId: %s Error: Runtime exited %s", r.id, how)
	r.fail("Runtime.ExitError", said)
	r.errorType = errorType
	i.process.output.drain() // its last words come first
	i.process.output.say(said + "\n" + errorType)
}

// finish stops the process until its next call, and takes the log of this one.
func (i *instance) finish(r *Result) {
	i.process.output.drain() // what the call has logged is there
	if r.healthy {
		i.process.freeze()
	}
	r.memory = i.process.peak()
	r.Log = i.process.output.end(fmt.Sprintf("END RequestId: %s\n%s\n", r.id, r.line(i.settings)))
}

// kill ends the process at once, and waits for that.
func (i *instance) kill() {
	i.process.kill()
	<-i.process.exited
}

// end ends the instance. No call runs.
func (i *instance) end() {
	i.mu.Lock()
	sigterm := i.sigterm
	i.mu.Unlock()
	if sigterm && i.process.alive() {
		i.process.terminate()
		select {
		case <-i.process.exited:
		case <-time.After(termTimeout):
		}
	}
	i.kill()
	i.process.output.drain()
	i.process.output.close()
	close(i.done)
	_ = i.api.Close()
}

func (i *instance) setCurrent(c *running) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = c
}

// claim returns the call with that id, if it runs and has no answer yet.
func (i *instance) claim(id string) *running {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.current
	if c == nil || c.ID != id {
		return nil
	}
	i.current = nil
	return c
}

// send tells run of an event. ok is false where the instance has ended.
func (i *instance) send(e event) (ok bool) {
	select {
	case i.events <- e:
		return true
	case <-i.done:
		return false
	}
}
