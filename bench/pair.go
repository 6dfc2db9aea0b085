package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// rounds is the number of rounds of a pair, and their length.
type rounds struct{ count, seconds int }

// round loads two servers for some seconds.
type round func(ctx context.Context, pair [2]measured, seconds int) ([2]tally, error)

// measured are the two servers of a pair and their loads.
type measured struct {
	server *server
	load   load
}

// measure loads two servers at the same time, in rounds, and compares the processor
// time of their requests in each round. A first round warms them up, and determines
// how long the others must be.
func (l *lab) measure(ctx context.Context, over, row measured, n rounds) (ratio, micros, overMicros Spread, err error) {
	return l.measureBy(ctx, l.together, over, row, n)
}

// measureBy is like measure, with another kind of round.
func (l *lab) measureBy(ctx context.Context, round round, over, row measured, n rounds) (ratio, micros, overMicros Spread, err error) {
	pair := [2]measured{over, row}
	if l.short {
		n.seconds = 1
	} else if n, err = l.warmUp(ctx, round, pair, n); err != nil {
		return ratio, micros, overMicros, err
	}
	var ratios, rows, overs []float64
	for range n.count {
		got, err := round(ctx, pair, n.seconds)
		if err != nil {
			return ratio, micros, overMicros, err
		}
		overs, rows = append(overs, got[0].micros()), append(rows, got[1].micros())
		ratios = append(ratios, got[1].micros()/got[0].micros())
	}
	return spread(ratios), spread(rows), spread(overs), nil
}

// warmSeconds is the length of the first round, which warms servers up.
const warmSeconds = 2

// warmUp loads both servers until each has answered a request, and returns the rounds
// that they need.
func (l *lab) warmUp(ctx context.Context, round round, pair [2]measured, n rounds) (rounds, error) {
	for warm := warmSeconds; ; warm *= 4 {
		got, err := round(ctx, pair, warm)
		if err == nil {
			return n.enough(pair, got, warm), nil
		}
		if warm > longSeconds || !errors.Is(err, errNobody) {
			return n, err
		}
	}
}

// tally has the requests and the processor time of a server in a round.
type tally struct {
	requests int64
	cpu      time.Duration
}

func (t tally) micros() float64 {
	return float64(t.cpu) / float64(time.Microsecond) / float64(t.requests)
}

// A round that takes longer than longSeconds is the only one, and no round takes longer than
// maxSeconds.
const longSeconds, maxSeconds = 8, 60

// enough returns how long rounds must be for the requests in progress at their ends,
// which are not counted, not to matter. The warm-up shows how fast requests are.
func (n rounds) enough(pair [2]measured, warm [2]tally, warmSeconds int) rounds {
	for i, m := range pair {
		n.seconds = max(n.seconds, int(math.Ceil(5*float64(m.load.connections*warmSeconds)/float64(warm[i].requests))))
	}
	if n.seconds > longSeconds {
		return rounds{1, min(n.seconds, maxSeconds)}
	}
	return n
}

// together loads both servers at the same time.
func (l *lab) together(ctx context.Context, pair [2]measured, seconds int) (got [2]tally, err error) {
	return l.both(ctx, pair, seconds, l.tally)
}

// both loads both servers at the same time, each by load.
func (l *lab) both(ctx context.Context, pair [2]measured, seconds int, load func(context.Context, measured) (tally, error)) (got [2]tally, err error) {
	var errs [2]error
	var both sync.WaitGroup
	for i, m := range pair {
		m.load.seconds = seconds
		if err := m.server.rest(ctx); err != nil {
			return got, err
		}
		both.Go(func() { got[i], errs[i] = load(ctx, m) })
	}
	both.Wait()
	return got, errors.Join(errs[:]...)
}

// turns runs a round in which each server has the core to itself, one after the other.
func (l *lab) turns(ctx context.Context, pair [2]measured, seconds int) (got [2]tally, err error) {
	for i, m := range pair {
		m.load.seconds = seconds
		if err := m.server.rest(ctx); err != nil {
			return got, err
		}
		if got[i], err = l.tally(ctx, m); err != nil {
			return got, err
		}
	}
	return got, nil
}

// tally loads a server.
func (l *lab) tally(ctx context.Context, m measured) (t tally, err error) {
	before, err := m.server.cpu()
	if err != nil {
		return t, err
	}
	if t.requests, err = m.load.run(ctx, l, m.server); err != nil {
		return t, err
	}
	after, err := m.server.cpu()
	t.cpu = after - before
	return t, err
}

// rest waits until the server has finished the requests of the last round.
func (s *server) rest(ctx context.Context) error {
	const timeout, pause, still = 10 * time.Second, 20 * time.Millisecond, time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	before, err := s.cpu()
	for err == nil {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%s does not come to rest: %w", s.peer.name, ctx.Err())
		}
		now := time.Duration(0)
		if now, err = s.cpu(); now-before < still {
			break
		}
		before = now
	}
	return err
}

// pair starts the servers of two rows, measures them with bodies and connections, and
// adds the ratio to the results.
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

// add adds a cost to the results, or the reason why there is none.
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
