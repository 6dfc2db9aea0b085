package main

import (
	"context"
	"strings"

	"github.com/apiphant/apiphant/bench/message"
)

// runScale measures how the cost grows, against the limit under the same conditions.
func runScale(ctx context.Context, l *lab, r *results, name string) {
	small := bodies()[:1]
	for _, p := range []peer{typed, object} {
		for _, connections := range []int{someConnections, manyConnections, pick(l, 10_000, 2000)} {
			l.pair(ctx, r, name, limit, p, small, connections, l.few())
		}
		l.pair(ctx, r, name, limit, p, []body{
			{"10 KB", message.List(10_000)}, {"1 MB", message.List(1_000_000)},
		}, someConnections, l.few())
		l.pair(ctx, r, name, limit, p, bodies()[1:], someConnections, l.few())
	}
	l.cores(ctx, r, name, small[0])
	l.fieldErrors(ctx, r, name)
}

// cores measures with GOMAXPROCS 2. The load uses one of the cores, too, so that only
// processor time can be compared, and not requests a second.
func (l *lab) cores(ctx context.Context, r *results, part string, b body) {
	defer l.stopAll()
	for _, p := range []peer{typed, object} {
		c := cost{Part: part, Row: p.name, Over: limit.name, Body: b.name, Connections: someConnections, Setting: "GOMAXPROCS 2"}
		servers, err := l.serveBoth(ctx, limit, p, l.serverCore, l.serverCore+1)
		if err == nil {
			w := load{body: b, connections: someConnections}
			c.Ratio, c.Micros, c.OverMicros, err = l.measure(ctx, measured{servers[0], w}, measured{servers[1], w}, l.few())
		}
		l.add(r, c, err)
		l.stopAll()
	}
}

// fieldErrors measures a list of 100 of which none, one or all are wrong.
func (l *lab) fieldErrors(ctx context.Context, r *results, part string) {
	servers, err := l.serveBoth(ctx, limit, typed, l.serverCore)
	defer l.stopAll()
	for _, wrong := range []struct {
		what  string
		count int
	}{{"0 field errors", 0}, {"1 field error", 1}, {"100 field errors", 100}} {
		lines := strings.Repeat(`{"count":0},`, wrong.count) + strings.Repeat(`{"count":1},`, 100-wrong.count)
		b := body{"100 lines", `{"lines":[` + strings.TrimSuffix(lines, ",") + `]}`}
		c := cost{Part: part, Row: typed.name, Over: limit.name, Body: b.name, Connections: someConnections, Setting: wrong.what}
		if err == nil {
			over := load{body: b, connections: someConnections}
			row := over
			row.path, row.refused = "/api/v1/checked/read", wrong.count > 0
			c.Ratio, c.Micros, c.OverMicros, err = l.measure(ctx, measured{servers[0], over}, measured{servers[1], row}, l.few())
		}
		l.add(r, c, err)
	}
}
