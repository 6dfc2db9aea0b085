package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// slow: 1,000 connections send headers and 1,000 send bodies, a byte a second, while
// well-behaved clients ask at a fixed rate, as they did before. 1,000 slow connections
// arrive a second: more would show that this program shares the processors with the
// server. Measured are the time from the first byte of each slow connection until it
// was closed, and the 99th percentile of the well-behaved clients, before and during.
// The bar: slow connections are closed within the time-out plus 1 s (headers: 5 s;
// bodies: below 1 KB/s after their first 5 s), and the percentile at most doubles.
var slow = scenario{
	name:  "slow",
	title: "Slow clients",
	about: "1,000 connections send headers and 1,000 send bodies, a byte a second, all at the same time, while 16 well-behaved clients ask 400 times a second; latencies are counted from the time when a request was due. The median of three rounds, each of which measures before and during.",
	run:   runSlow,
}

const (
	slowTimeout = 5 * time.Second // for headers, and for a body that is too slow
	slowEvery   = time.Millisecond
)

func runSlow(ctx context.Context, lab *lab) ([]row, error) {
	connections, rounds := pick(lab, 1000, 100), pick(lab, 3, 1)
	var before, during []time.Duration
	var ratios []float64
	var latest [2]time.Duration
	var problems, unserved []string
	closed, sent := 0, 0
	for range rounds {
		p, err := lab.serve(ctx)
		if err != nil {
			return nil, err
		}
		regular := offered{address: p.address, request: post(echoPath, echoBody), rate: 400, clients: 16, lasts: slowTimeout + time.Second + time.Duration(2*connections)*slowEvery}
		warm := regular
		warm.lasts = time.Second
		warm.run()
		quiet := regular.run()
		var busy offeredTally
		var group sync.WaitGroup
		group.Go(func() { busy = regular.run() })
		times, errs := crawl(p.address, connections, 3*slowTimeout)
		group.Wait()
		for kind := range times {
			closed += len(times[kind])
			latest[kind] = max(latest[kind], percentile(times[kind], 100))
		}
		problems = append(problems, texts(errs)...)
		unserved = append(append(unserved, quiet.problems...), busy.problems...)
		sent += quiet.total() + busy.total()
		before = append(before, percentile(quiet.served, 99))
		during = append(during, percentile(busy.served, 99))
		ratios = append(ratios, float64(during[len(during)-1])/float64(max(before[len(before)-1], 1)))
		lab.say("  p99 of regular clients: %s before, %s during", span(before[len(before)-1]), span(during[len(during)-1]))
		lab.stopAll()
	}
	bar := slowTimeout + time.Second
	return []row{
		all("slow connections closed by the server", closed, 2*connections*rounds).because(problems),
		within(fmt.Sprintf("the last of %d with slow headers closed", connections), latest[0], bar),
		within(fmt.Sprintf("the last of %d with slow bodies closed", connections), latest[1], bar),
		{what: "the 99th percentile of well-behaved clients", bar: "at most 2 times", met: median(ratios) > 0 && median(ratios) <= 2,
			measured: fmt.Sprintf("%.2f times (%s, before %s)", median(ratios), span(median(during)), span(median(before)))},
		none("their requests not served", len(unserved), sent).because(unserved),
	}, nil
}

// crawl opens slow connections of both kinds, and returns the time until each was
// closed.
func crawl(address string, connections int, maxWait time.Duration) (closed [2][]time.Duration, errs []error) {
	heads := [2]string{"POST /api/v0/echo/read HTTP/1.1\r\nHost: product\r\nX: ", declaring(echoPath, 10_000) + "{"}
	var mu sync.Mutex
	errs = together(2*connections, 2*connections, func(i int) error {
		time.Sleep(time.Duration(i) * slowEvery)
		w, err := dial(address)
		if err != nil {
			return err
		}
		defer w.Close()
		began := time.Now()
		if _, err := io.WriteString(w, heads[i%2]); err != nil {
			return err
		}
		end := make(chan struct{})
		defer close(end)
		go w.dribble("x", time.Second, end)
		err = w.closedAfterAnswer(maxWait)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			closed[i%2] = append(closed[i%2], time.Since(began))
		}
		return err
	})
	return closed, errs
}

// closedAfterAnswer waits until the server has answered 408 and closed the connection.
func (w *wire) closedAfterAnswer(maxWait time.Duration) error {
	a, err := w.read(maxWait)
	if err != nil {
		return fmt.Errorf("no whole answer: %w", err)
	}
	if err := a.isError(408); err != nil {
		return err
	}
	return w.closed(maxWait)
}
