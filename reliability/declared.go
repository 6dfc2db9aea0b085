package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// declared: 1,000 connections each declare the largest body there may be, 4 MiB
// here, and send nothing of it; then 1,000 that send all but the last byte, and
// 1,000 that do so in chunks, as fast as they can for some seconds. The peak of
// the resident memory is read from the kernel. The bar is the budget of bodies,
// 256 MiB by default, plus 100 MB; and that a client who comes then is served,
// while they hold what they have or afterwards, as the budget allows.
var declared = scenario{
	name:  "declared",
	title: "Large bodies, declared and not sent",
	about: "1,000 connections declare the largest body (`--max-body 4MiB`) and send nothing, or all but the last byte. Memory is the peak of the resident memory (`VmHWM` of `/proc/PID/status`); the budget is the default of `--body-memory`, 256 MiB.",
	run:   runDeclared,
}

const (
	declaredBody   = 4 << 20
	declaredBudget = 256 << 20
	declaredBar    = declaredBudget + 100_000_000
)

func runDeclared(ctx context.Context, lab *lab) (rows []row, err error) {
	connections := pick(lab, 1000, 200)
	unfinished := `{"hello":"` + strings.Repeat("x", declaredBody-1-len(`{"hello":"`))
	kinds := []struct{ what, head, body string }{
		{"nothing sent", declaring(echoPath, declaredBody), ""},
		{"all but the last byte sent", declaring(echoPath, declaredBody), unfinished},
		{"the same in chunks", "POST /api/v0/echo/read HTTP/1.1\r\nHost: product\r\nTransfer-Encoding: chunked\r\n\r\n", chunks(unfinished, 64<<10)},
	}
	for _, kind := range kinds {
		p, err := lab.serve(ctx, "--max-body", fmt.Sprint(declaredBody))
		if err != nil {
			return rows, err
		}
		memory, err := hold(p, connections, kind.head, kind.body)
		if err != nil {
			return rows, err
		}
		rows = append(rows, megabytes(fmt.Sprintf("%d connections, %s", connections, kind.what), memory, declaredBar))
		err = await(ctx, 5*time.Second, func() error { return call(p.address, echoPath, echoBody, nil) })
		after := all("a request after that is served, within 5 s", 1, 1)
		if err != nil {
			after = unmeasured(after.what, err)
		}
		rows = append(rows, after)
		lab.stopAll()
	}
	return rows, nil
}

// hold opens connections that send their head and as much of a body as the
// server takes within some seconds, and returns the peak of its memory.
func hold(p *process, connections int, head, body string) (int64, error) {
	wires := make([]*wire, connections)
	errs := together(connections, 32, func(i int) (err error) {
		if wires[i], err = dial(p.address); err != nil {
			return err
		}
		_, err = io.WriteString(wires[i], head)
		return err
	})
	defer func() {
		for _, w := range wires {
			if w != nil {
				w.reset()
			}
		}
	}()
	if len(errs) > 0 {
		return 0, errs[0]
	}
	end := time.Now().Add(4 * time.Second) // before the server tires of waiting
	together(connections, connections, func(i int) error {
		_ = wires[i].SetWriteDeadline(end)
		_, _ = io.WriteString(wires[i], body) // what the server doesn't take it refuses, or lets wait
		return nil
	})
	time.Sleep(min(time.Second, time.Until(end))) // for what is on its way to be read
	if !p.alive() {
		return 0, fmt.Errorf("the server has ended: %w", p.err)
	}
	return p.peak()
}

// chunks is a body in chunks, without the last.
func chunks(body string, length int) string {
	var chunked strings.Builder
	for len(body) > 0 {
		n := min(length, len(body))
		fmt.Fprintf(&chunked, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return chunked.String()
}
