package main

import (
	"context"
	"runtime"
)

// throughput is how many requests a server answers in a second on some cores.
type throughput struct {
	Part, Row   string
	Cores       int // of the server; as many have the load
	Connections int
	Rate        float64
}

// coresConnections are the numbers of connections that runCores loads with.
var coresConnections = []int{256, 8000, 17_000}

// runCores measures requests a second with half of the cores for the server and half
// for the load: what all cores write, and wait for, shows only there. Servers run one
// after the other, each for some seconds.
func runCores(ctx context.Context, l *lab, r *results, name string) {
	half := max(1, runtime.NumCPU()/2)
	var server, load []int
	for core := range half {
		server, load = append(server, core), append(load, half+core)
	}
	for _, connections := range coresConnections {
		if l.short {
			connections = min(connections, 256)
		}
		for _, p := range []peer{limit, typed, object, nethttp, fiber} {
			t := throughput{Part: name, Row: p.name, Cores: half, Connections: connections}
			err := needDescriptors(connections)
			if err == nil {
				t.Rate, err = l.rateOn(ctx, p, connections, server, load)
			}
			l.stopAll()
			if err != nil {
				r.Missing = append(r.Missing, missing{name, p.name, err.Error()})
				l.say("  %s, %d connections: %v", p.name, connections, err)
				continue
			}
			r.Throughputs = append(r.Throughputs, t)
			l.say("  %s, %d connections on %d cores: %.0f requests/s", p.name, connections, half, t.Rate)
		}
		if l.short {
			return
		}
	}
}

// rateOn returns the requests a second that a peer answers on cores.
func (l *lab) rateOn(ctx context.Context, p peer, connections int, server, loaders []int) (float64, error) {
	s, err := l.serve(ctx, p, server...)
	if err != nil {
		return 0, err
	}
	w := load{body: bodies()[0], connections: connections, seconds: pick(l, 5, 1), cores: loaders}
	requests, err := w.run(ctx, l, s)
	return float64(requests) / float64(w.seconds), err
}
