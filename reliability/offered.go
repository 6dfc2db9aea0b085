package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// offered is a load at a rate that doesn't care how the server is doing.
// Whatever makes a request late counts as its latency: it is measured from when
// the request was due.
type offered struct {
	address string
	request string
	rate    int // requests a second
	lasts   time.Duration
	clients int           // each with one connection at a time, which it keeps
	stop    chan struct{} // ends the load early; nil: nothing does
}

// offeredTally is what became of it.
type offeredTally struct {
	served   []time.Duration // latencies of those answered with 200
	refused  []time.Duration // of those answered with a 503 as it should be
	unsent   int             // no client was free: the load was less than it should have been
	problems []string        // all others
}

func (o offered) run() offeredTally {
	var tally offeredTally
	var mu sync.Mutex
	var clients sync.WaitGroup
	due := make(chan time.Time, o.clients)
	for range o.clients {
		clients.Go(func() {
			c := &offeredClient{offered: o}
			defer c.hangUp()
			for at := range due {
				a, err := c.ask()
				took := time.Since(at)
				mu.Lock()
				tally.count(a, err, took)
				mu.Unlock()
			}
		})
	}
	tally.unsent = o.send(due)
	close(due)
	clients.Wait()
	return tally
}

// send hands requests out as they are due, and returns how many nobody took.
func (o offered) send(due chan<- time.Time) (unsent int) {
	began := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	every := time.Second / time.Duration(o.rate)
	for next := began; next.Sub(began) < o.lasts; {
		select {
		case <-tick.C:
		case <-o.stop:
			return unsent
		}
		for now := time.Now(); !next.After(now); next = next.Add(every) {
			select {
			case due <- next:
			default:
				unsent++
			}
		}
	}
	return unsent
}

func (t *offeredTally) count(a answer, err error, took time.Duration) {
	switch {
	case err != nil:
		t.problems = append(t.problems, err.Error())
	case a.status == http.StatusOK:
		t.served = append(t.served, took)
	case a.isError(http.StatusServiceUnavailable) == nil && a.header.Get("Retry-After") != "":
		t.refused = append(t.refused, took)
	default:
		t.problems = append(t.problems, fmt.Sprintf("answered %d %.100s", a.status, a.body))
	}
}

// total is how many requests were sent.
func (t *offeredTally) total() int { return len(t.served) + len(t.refused) + len(t.problems) }

type offeredClient struct {
	offered
	conn *wire // nil: none
}

func (c *offeredClient) ask() (answer, error) {
	if c.conn == nil {
		conn, err := dial(c.address)
		if err != nil {
			return answer{}, err
		}
		c.conn = conn
	}
	a, err := c.conn.ask(c.request, patience)
	if err != nil || a.last {
		c.hangUp()
	}
	return a, err
}

func (c *offeredClient) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}
