package main

import (
	"context"
	"math"
	"time"

	"github.com/apiphant/apiphant/bench/internal/openloop"
	"github.com/apiphant/apiphant/bench/message"
)

// shares are the loads, as shares of a server's capacity, at which latency is measured.
var shares = []float64{0.5, 0.8}

// runLatency measures small requests at a fixed rate, on each server alone.
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
	// changed is by how much the capacity of a server may differ before and after a
	// measurement, and tries is how often a measurement is repeated that differs
	// more: shared machines have fast and slow minutes.
	changed = 0.1
	tries   = 5
)

// steady measures at a share of a server's capacity, and repeats the measurement if
// the capacity changes. If it always changes, steady returns the measurement in which
// it changed least.
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

// capacity returns how many small requests a second a server can answer.
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
