package main

import (
	"context"
	"sync"
	"time"
)

// rounds is how often a pair is loaded, and for how long.
type rounds struct{ count, seconds int }

// measured are the two servers of a pair, each with its load.
type measured struct {
	server *server
	load   load
}

// measure loads two servers at the same time, in rounds, and compares the
// processor time of their requests round by round. The first round, which warms
// them up, doesn't count.
func (l *lab) measure(ctx context.Context, over, row measured, n rounds) (ratio, micros, overMicros Spread, err error) {
	var ratios, rows, overs []float64
	for i := range n.count + 1 {
		over.load.seconds, row.load.seconds = n.seconds, n.seconds
		if i == 0 {
			if l.short {
				continue
			}
			over.load.seconds, row.load.seconds = 1, 1
		}
		var each [2]float64
		var errs [2]error
		var both sync.WaitGroup
		for j, m := range []measured{over, row} {
			both.Go(func() { each[j], errs[j] = l.perRequest(ctx, m) })
		}
		both.Wait()
		for _, err := range errs {
			if err != nil {
				return ratio, micros, overMicros, err
			}
		}
		if i > 0 {
			ratios, rows, overs = append(ratios, each[1]/each[0]), append(rows, each[1]), append(overs, each[0])
		}
	}
	return spread(ratios), spread(rows), spread(overs), nil
}

// perRequest loads a server, and returns the microseconds of processor time that
// each request took.
func (l *lab) perRequest(ctx context.Context, m measured) (float64, error) {
	before, err := m.server.cpu()
	if err != nil {
		return 0, err
	}
	requests, err := m.load.run(ctx, l, m.server)
	if err != nil {
		return 0, err
	}
	after, err := m.server.cpu()
	return float64(after-before) / float64(time.Microsecond) / float64(requests), err
}

// pair measures a row beside another, with bodies and connections, and adds it to
// the results. Both are started anew.
func (l *lab) pair(ctx context.Context, r *results, part string, over, row peer, bodies []body, connections int, n rounds) {
	servers, err := l.serveBoth(ctx, over, row, l.serverCore)
	defer l.stopAll()
	if err != nil {
		r.Missing = append(r.Missing, missing{part, row.name, err.Error()})
		l.say("  %s: %v", row.name, err)
		return
	}
	for _, b := range bodies {
		w := load{body: b, connections: connections}
		c := cost{Part: part, Row: row.name, Over: over.name, Body: b.name, Connections: connections}
		err := servers[0].check(ctx, b.text)
		if err == nil {
			err = servers[1].check(ctx, b.text)
		}
		if err == nil {
			c.Ratio, c.Micros, c.OverMicros, err = l.measure(ctx, measured{servers[0], w}, measured{servers[1], w}, n)
		}
		l.add(r, c, err)
	}
}

// add takes a cost into the results, or why there is none.
func (l *lab) add(r *results, c cost, err error) {
	if err != nil {
		r.Missing = append(r.Missing, missing{c.Part, c.Row + ", " + c.Body, err.Error()})
		l.say("  %s, %s: %v", c.Row, c.Body, err)
		return
	}
	r.Costs = append(r.Costs, c)
	l.say("  %s over %s, %s, %d connections%s: %s (%s µs a request)", c.Row, c.Over, c.Body, c.Connections, prefixed(", ", c.Setting), c.Ratio, figure(c.Micros.Median))
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func (l *lab) serveBoth(ctx context.Context, over, row peer, cores ...int) (servers [2]*server, err error) {
	for i, p := range []peer{over, row} {
		if servers[i], err = l.serve(ctx, p, cores...); err != nil {
			return servers, err
		}
	}
	return servers, nil
}
