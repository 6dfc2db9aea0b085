package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// offered is an open load: requests are sent at a fixed rate, however slow the server
// is. Latency is measured from the time at which a request was due, so that it
// includes the time for which the request waited in the client.
type offered struct {
	address string
	request string
	rate    int // requests a second
	lasts   time.Duration
	clients int           // each with one connection at a time, which it keeps
	stop    chan struct{} // ends the load early; nil: nothing does
}

// offeredTally counts the outcomes of an offered load.
type offeredTally struct {
	served   []time.Duration // latencies of those answered with 200
	refused  []time.Duration // of those correctly answered with 503
	unsent   int             // no client was free: the load was below its rate
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

// send hands each request to a client when it is due, and returns how many found no
// free client.
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
		for now := time.Now(); !next.After(now) && next.Sub(began) < o.lasts; next = next.Add(every) {
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

// total returns the number of requests that were sent.
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
	a, err := c.conn.ask(c.request, maxWait)
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
