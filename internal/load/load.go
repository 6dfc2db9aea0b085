package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Load describes a closed load: each client has one connection at a time, and sends
// its next request when the one before is answered.
type Load struct {
	Address string // HOST:PORT
	Clients int    // 0: 1

	// Request is an HTTP/1.1 request, which is sent as it is. Its answer must have a
	// Content-Length or be chunked. The default is
	// Post("/api/v0/echo/read", `{"hello":"world"}`).
	Request string

	// Pause is the longest time that a client waits before its next request; the
	// time is random. 0 means no pause, so that connections are never idle.
	Pause time.Duration

	// PerConnection is how many requests a client sends on one connection. 0 means
	// until the server closes it.
	PerConnection int

	// Timeout bounds connecting, and the time from a request to its whole answer;
	// after it, the request is lost. The default is 10 s.
	Timeout time.Duration
}

// Post returns a POST request for [Load.Request]. It asks for localhost, which every
// deployment answers for.
func Post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// Tally counts the outcomes of all requests.
type Tally struct {
	OK      int64 // completely answered with 2xx
	Refused int64 // not sent: no connection could be opened
	Lost    int64 // sent, at least in part, and not completely answered
	Other   int64 // answered with another status

	// Closed counts connections that the server had closed before the next request
	// was sent. That is no failure: the client opened another one.
	Closed int64

	Slowest  time.Duration // the slowest OK, with the time for connecting
	Problems []string      // the first errors of refused, lost and other
}

// Failed returns the number of requests that were not OK.
func (t Tally) Failed() int64 { return t.Refused + t.Lost + t.Other }

func (t Tally) String() string {
	s := fmt.Sprintf("ok %d, refused %d, lost %d, other %d, closed %d, slowest %s", t.OK, t.Refused, t.Lost, t.Other, t.Closed, t.Slowest.Round(time.Millisecond))
	for _, problem := range t.Problems {
		s += "\n\t" + problem
	}
	return s
}

const maxProblems = 10

// Running is a load that lasts until Stop.
type Running struct {
	load    Load
	stop    chan struct{}
	clients sync.WaitGroup
	ok      atomic.Int64

	mu    sync.Mutex
	tally Tally
}

// Start starts the clients. The caller must call Stop.
func Start(load Load) *Running {
	load.Clients = cmp.Or(load.Clients, 1)
	load.Request = cmp.Or(load.Request, Post("/api/v0/echo/read", `{"hello":"world"}`))
	load.Timeout = cmp.Or(load.Timeout, 10*time.Second)
	r := &Running{load: load, stop: make(chan struct{})}
	for range load.Clients {
		r.clients.Go(func() { (&client{running: r}).run() })
	}
	return r
}

// Stop stops the clients after their present answers, and returns the outcome. It may
// be called again.
func (r *Running) Stop() Tally {
	r.mu.Lock()
	select {
	case <-r.stop:
	default:
		close(r.stop)
	}
	r.mu.Unlock()
	r.clients.Wait()
	return r.Tally()
}

// Tally returns the outcomes so far.
func (r *Running) Tally() Tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	tally := r.tally
	tally.Problems = slices.Clone(tally.Problems)
	return tally
}

// OK returns the number of requests answered so far.
func (r *Running) OK() int64 { return r.ok.Load() }

// Await returns when n more requests are answered, or with an error when ctx ends.
func (r *Running) Await(ctx context.Context, n int64) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for want := r.OK() + n; r.OK() < want; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d requests were not answered: %w", want-r.OK(), n, ctx.Err())
		}
	}
	return nil
}

// pause waits before the next request. It returns false at the end of the load.
func (r *Running) pause() bool {
	var pause time.Duration
	if r.load.Pause > 0 {
		pause = rand.N(r.load.Pause)
	}
	return r.sleep(pause)
}

func (r *Running) sleep(d time.Duration) bool {
	if d == 0 {
		select {
		case <-r.stop:
			return false
		default:
			return true
		}
	}
	select {
	case <-r.stop:
		return false
	case <-time.After(d):
		return true
	}
}

// count records the outcome of a request.
func (r *Running) count(took time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.ok.Add(1)
		r.tally.OK++
		r.tally.Slowest = max(r.tally.Slowest, took)
		return
	}
	switch {
	case errors.Is(err, errRefused):
		r.tally.Refused++
	case errors.Is(err, errOther):
		r.tally.Other++
	default:
		r.tally.Lost++
	}
	if len(r.tally.Problems) < maxProblems {
		r.tally.Problems = append(r.tally.Problems, err.Error())
	}
}

func (r *Running) countClosed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Closed++
}
