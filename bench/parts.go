package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// part is a group of measurements that a run makes and replaces together.
type part struct {
	name string
	all  bool // with -all only
	run  func(ctx context.Context, l *lab, r *results, name string)
}

var parts = []part{
	{name: "check", run: runCheck},
	{name: "cost", run: runCost},
	{name: "direct", run: runDirect},
	{name: "alone", run: runAlone},
	{name: "idle", run: runIdle},
	{name: "stream", run: runStream},
	{name: "lambda", run: runLambda},
	{name: "lambdastart", run: runLambdaStart},
	{name: "peers", all: true, run: runPeers},
	{name: "many", all: true, run: runMany},
	{name: "latency", all: true, run: runLatency},
	{name: "scale", all: true, run: runScale},
	{name: "crowd", all: true, run: runCrowd},
	{name: "cores", all: true, run: runCores}, // -cores, too
	{name: "soak", run: runSoak},              // -soak sets its length
}

// choose returns the parts of -only, or of -all, or by default of the bars.
func choose(only string, all bool, soak time.Duration) (chosen []part, err error) {
	if only == "" {
		for _, p := range parts {
			if (all || !p.all) && (p.name != "soak" || soak > 0) {
				chosen = append(chosen, p)
			}
		}
		return chosen, nil
	}
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no part is called %q: want some of %s", name, partNames())
		}
		if name == "soak" && soak <= 0 {
			return nil, fmt.Errorf("how long to soak? want -soak 10m")
		}
		chosen = append(chosen, parts[i])
	}
	return chosen, nil
}

func partNames() string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return strings.Join(names, ",")
}

// Rounds of each kind of pair.
func (l *lab) usual() rounds { return pick(l, rounds{5, 2}, rounds{1, 1}) }  // the bars
func (l *lab) few() rounds   { return pick(l, rounds{3, 2}, rounds{1, 1}) }  // servers that differ much
func (l *lab) near() rounds  { return pick(l, rounds{11, 2}, rounds{2, 1}) } // servers that hardly differ

const (
	someConnections = 64
	manyConnections = 1000
)

// runCheck measures a server against itself. The difference from 1 is the error of all
// other ratios.
func runCheck(ctx context.Context, l *lab, r *results, name string) {
	l.pair(ctx, r, name, limit, limit, bodies()[:1], someConnections, l.usual())
	l.pair(ctx, r, name, object, object, bodies(), someConnections, l.usual())
}

// runCost measures the rows of the bars against the limit.
func runCost(ctx context.Context, l *lab, r *results, name string) {
	for _, p := range peers[1:] {
		if !p.all {
			l.pair(ctx, r, name, limit, p, bodies(), someConnections, l.usual())
		}
	}
}

// runAlone measures the rows of the bars, each with the core to itself. Of two servers
// that share a core, the one with more threads gets more of it, and warmer caches.
func runAlone(ctx context.Context, l *lab, r *results, name string) {
	for _, p := range []peer{typed, object, handMap, fiber, nethttp} {
		servers, err := l.serveBoth(ctx, limit, p, l.serverCore)
		for _, b := range bodies() {
			c := cost{Part: name, Row: p.name, Over: limit.name, Body: b.name, Connections: someConnections, Setting: "alone"}
			if err == nil {
				w := load{body: b, connections: someConnections}
				c.Ratio, c.Micros, c.OverMicros, err = l.measureBy(ctx, l.turns, measured{servers[0], w}, measured{servers[1], w}, l.few())
			}
			l.add(r, c, err)
		}
		l.stopAll()
	}
}

// runPeers measures all other rows against the limit, and their memory.
func runPeers(ctx context.Context, l *lab, r *results, name string) {
	for _, p := range peers[1:] {
		if p.all {
			l.pair(ctx, r, name, limit, p, bodies(), someConnections, l.few())
			l.idle(ctx, r, name, p)
		}
	}
}

// runMany measures all rows with more connections.
func runMany(ctx context.Context, l *lab, r *results, name string) {
	for _, p := range peers[1:] {
		l.pair(ctx, r, name, limit, p, pick(l, bodies(), bodies()[:1]), manyConnections, l.few())
	}
}

// runDirect measures pairs of rows directly: those of bars, and in long runs those that
// hardly differ.
func runDirect(ctx context.Context, l *lab, r *results, name string) {
	l.pair(ctx, r, name, nethttp, limit, bodies(), someConnections, l.usual()) // the lower limit of a bar over net/http
	for _, pair := range [][2]peer{{nethttp, typed}, {nethttp, object}, {fiber, object}, {handMap, object}} {
		l.pair(ctx, r, name, pair[0], pair[1], bodies(), someConnections, l.usual())
	}
	l.pair(ctx, r, name, object, accessLog, bodies()[:1], someConnections, l.near())
	l.pair(ctx, r, name, wide("1"), wide("200"), bodies()[:1], someConnections, l.near())
}
