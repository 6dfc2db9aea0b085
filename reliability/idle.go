package main

import (
	"context"
	"fmt"
	"time"
)

// idle: 10,000 connections make one request each and stay open, within the time-out
// of idle connections. The kernel reports the resident memory of the process, a
// second after the last answer. The bar is 220 MB by default, and 115 MB with
// --low-memory.
var idle = scenario{
	name:  "idle",
	title: "Idle connections",
	about: "10,000 connections, idle after one request each: the resident memory (`VmRSS`) a second after the last answer.",
	run:   runIdle,
}

func runIdle(ctx context.Context, lab *lab) (rows []row, err error) {
	connections := pick(lab, 10_000, 1000)
	for _, mode := range []struct {
		what  string
		flags []string
		bar   int64
	}{
		{"by default", nil, 220_000_000},
		{"with `--low-memory`", []string{"--low-memory"}, 115_000_000},
	} {
		what := fmt.Sprintf("%d connections %s", connections, mode.what)
		p, err := lab.serve(ctx, mode.flags...)
		if err != nil {
			rows = append(rows, unmeasured(what, err))
			continue
		}
		got, err := idleMemory(p, what, connections, mode.bar)
		if err != nil {
			return rows, err
		}
		rows = append(rows, got...)
		lab.stopAll()
	}
	return rows, nil
}

func idleMemory(p *process, what string, connections int, bar int64) ([]row, error) {
	wires := make([]*wire, connections)
	defer func() {
		for _, w := range wires {
			if w != nil {
				w.reset()
			}
		}
	}()
	request := post(echoPath, echoBody)
	errs := together(connections, 64, func(i int) (err error) {
		if wires[i], err = dial(p.address); err != nil {
			return err
		}
		a, err := wires[i].ask(request, maxWait)
		if err == nil && (a.status != 200 || a.last) {
			err = fmt.Errorf("answered %d, closes %t", a.status, a.last)
		}
		return err
	})
	time.Sleep(time.Second)
	resident, err := p.resident()
	if err != nil {
		return nil, err
	}
	peak, err := p.peak()
	if err != nil {
		return nil, err
	}
	open, err := p.descriptors()
	if err != nil {
		return nil, err
	}
	memory := megabytes(what, resident, bar)
	memory.measured += fmt.Sprintf(", %.1f KB each (peak %s)", float64(resident)/1000/float64(connections), size(peak))
	return []row{
		memory,
		all("of those, served and kept open", min(connections-len(errs), open), connections).because(texts(errs)),
	}, nil
}
