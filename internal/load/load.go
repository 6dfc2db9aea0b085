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

// Load says what is asked of a server. Each client has one connection at a time,
// and sends its next request when the last one is answered.
type Load struct {
	Address string // HOST:PORT
	Clients int    // 0: 1

	// Request is sent as it is, an HTTP/1.1 request whose answer has a body that
	// ends by Content-Length or chunks; "": Post("/api/v0/echo/read", `{"hello":"world"}`).
	Request string

	// Pause is how long a client waits before its next request, anything up to
	// it; 0: not at all. With it connections are idle now and then.
	Pause time.Duration

	// PerConnection is how many requests a client sends on one connection; 0:
	// as many as the server lets it.
	PerConnection int

	Patience time.Duration // to connect, and to be answered; beyond it: lost. 0: 10 s
}

// Post is a POST request for [Load.Request].
func Post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: load\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// Tally is what became of all requests.
type Tally struct {
	OK      int64 // answered with 2xx, whole
	Refused int64 // not sent: no connection was to be had
	Lost    int64 // sent, at least in part, and not answered whole
	Other   int64 // answered with another status

	// Closed counts what is no fault: connections that were found closed before
	// the next request was sent. The client took another one.
	Closed int64

	Slowest  time.Duration // of those that were OK, with connecting where that was needed
	Problems []string      // what the first of the refused, lost and other were
}

// Failed is how many requests did not get what they asked for.
func (t Tally) Failed() int64 { return t.Refused + t.Lost + t.Other }

func (t Tally) String() string {
	s := fmt.Sprintf("ok %d, refused %d, lost %d, other %d, closed %d, slowest %s", t.OK, t.Refused, t.Lost, t.Other, t.Closed, t.Slowest.Round(time.Millisecond))
	for _, problem := range t.Problems {
		s += "\n\t" + problem
	}
	return s
}

const maxProblems = 10

// Running is a load that goes on until it is stopped.
type Running struct {
	load    Load
	stop    chan struct{}
	clients sync.WaitGroup
	ok      atomic.Int64

	mu    sync.Mutex
	tally Tally
}

// Start lets the clients begin. Stop must be called.
func Start(load Load) *Running {
	load.Clients = cmp.Or(load.Clients, 1)
	load.Request = cmp.Or(load.Request, Post("/api/v0/echo/read", `{"hello":"world"}`))
	load.Patience = cmp.Or(load.Patience, 10*time.Second)
	r := &Running{load: load, stop: make(chan struct{})}
	for range load.Clients {
		r.clients.Go(func() { (&client{running: r}).run() })
	}
	return r
}

// Stop ends the load, once every client has its answer, and tells what became
// of it. It may be called again.
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

// Tally is what became of the requests so far.
func (r *Running) Tally() Tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	tally := r.tally
	tally.Problems = slices.Clone(tally.Problems)
	return tally
}

// OK is how many requests are answered so far.
func (r *Running) OK() int64 { return r.ok.Load() }

// Await returns when n more requests are answered.
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

// pause waits before the next request; it is false at the end of the load.
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

// count takes down what became of a request.
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
