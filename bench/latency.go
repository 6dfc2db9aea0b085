package main

import (
	"context"
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
	capacity, err := l.capacity(ctx, s)
	if err != nil {
		return err
	}
	for _, share := range shares {
		got, err := l.openLoop(s, share*capacity, pick(l, 3*time.Second, 500*time.Millisecond)).Run(ctx)
		if err != nil {
			return err
		}
		found := latency{
			Part: part, Row: p.name, Share: share, Rate: share * capacity,
			P50: openloop.Quantile(got.Took, 0.5), P99: openloop.Quantile(got.Took, 0.99), P999: openloop.Quantile(got.Took, 0.999),
			Late: openloop.Quantile(got.Late, 0.999), Unanswered: got.Unanswered,
		}
		r.Latencies = append(r.Latencies, found)
		l.say("  %s at %.0f %% of %.0f/s: p50 %s, p99 %s, p99.9 %s (the load late by %s)", p.name, 100*share, capacity, found.P50, found.P99, found.P999, found.Late)
	}
	return nil
}

// capacity is how many small requests a second a server answers when it is asked
// for as many as it can.
func (l *lab) capacity(ctx context.Context, s *server) (float64, error) {
	w := load{body: body{"17 B", message.Small()}, connections: someConnections, seconds: pick(l, 2, 1)}
	requests, err := w.run(ctx, l, s)
	return float64(requests) / float64(w.seconds), err
}

func (l *lab) openLoop(s *server, rate float64, d time.Duration) openloop.Load {
	return openloop.Load{
		Address: s.address, Request: rawRequest(s.path(), message.Small()),
		Connections: someConnections, Rate: rate, Duration: d, Core: l.loadCore,
	}
}
