package main

import (
	"context"
	"math"
	"time"

	"github.com/apiphant/apiphant/bench/internal/openloop"
	"github.com/apiphant/apiphant/bench/message"
)

// shares of what a server can do, that latency is measured at.
var shares = []float64{0.5, 0.8}

// runLatency: small requests at a fixed rate, to each server alone.
func runLatency(ctx context.Context, l *lab, r *results, name string) {
	for _, p := range peers {
		if err := l.latency(ctx, r, name, p); err != nil {
			r.Missing = append(r.Missing, missing{name, p.name, err.Error()})
			l.say("  %s: %v", p.name, err)
		}
		l.stopAll()
	}
}

func (l *lab) latency(ctx context.Context, r *results, part string, p peer) error {
	s, err := l.serve(ctx, p, l.serverCore)
	if err != nil {
		return err
	}
	for _, share := range shares {
		found, err := l.steady(ctx, s, share)
		if err != nil {
			return err
		}
		found.Part, found.Row = part, p.name
		r.Latencies = append(r.Latencies, found)
		l.say("  %s at %.0f %%, %.0f/s: p50 %s, p99 %s, p99.9 %s (the load late by %s)", p.name, 100*share, found.Rate, found.P50, found.P99, found.P999, found.Late)
	}
	return nil
}

const (
	// changed is by how much what a server can do may differ before and after it
	// is asked for a share of that, and tries how often it is tried until it does
	// not: machines that others share have fast and slow minutes.
	changed = 0.1
	tries   = 5
)

// steady asks for a share of what a server can do, while that stays the same. Of
// tries that all fail in that it returns the one where it changed the least.
func (l *lab) steady(ctx context.Context, s *server, share float64) (best latency, err error) {
	best.Change = math.Inf(1)
	for range pick(l, tries, 1) {
		before, err := l.capacity(ctx, s)
		if err != nil {
			return best, err
		}
		got, err := l.openLoop(s, share*before, pick(l, 3*time.Second, 500*time.Millisecond)).Run(ctx)
		if err != nil {
			return best, err
		}
		after, err := l.capacity(ctx, s)
		if err != nil {
			return best, err
		}
		if change := math.Abs(after/before - 1); change < best.Change {
			best = latency{
				Share: share, Rate: share * before, Change: change,
				P50: openloop.Quantile(got.Took, 0.5), P99: openloop.Quantile(got.Took, 0.99), P999: openloop.Quantile(got.Took, 0.999),
				Late: openloop.Quantile(got.Late, 0.999), Unanswered: got.Unanswered,
			}
		}
		if best.Change <= changed {
			break
		}
	}
	return best, nil
}

// capacity is how many small requests a second a server answers when it is asked
// for as many as it can.
func (l *lab) capacity(ctx context.Context, s *server) (float64, error) {
	w := load{body: body{"17 B", message.Small()}, connections: someConnections, seconds: 1}
	requests, err := w.run(ctx, l, s)
	return float64(requests) / float64(w.seconds), err
}

func (l *lab) openLoop(s *server, rate float64, d time.Duration) openloop.Load {
	return openloop.Load{
		Address: s.address, Request: rawRequest(s.path(), message.Small()),
		Connections: someConnections, Rate: rate, Duration: d, Core: l.loadCore,
	}
}
