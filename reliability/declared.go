package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// declared: 1,000 connections declare the largest allowed body, 4 MiB here, and send
// nothing of it; then 1,000 send all but the last byte, and 1,000 do so in chunks, as
// fast as they can for some seconds. The kernel reports the peak of the resident
// memory. The bar: at most the memory limit for bodies, 256 MiB by default, plus
// 100 MB; each connection is answered with a JSON error (408, 503 or 413); and a
// later client is served.
var declared = scenario{
	name:  "declared",
	title: "Large bodies, declared and not sent",
	about: "1,000 connections declare the largest body (`--max-body 4MiB`) and send nothing, or all but the last byte. Memory is the peak of the resident memory (`VmHWM` of `/proc/PID/status`); the budget is the default of `--body-memory`, 256 MiB.",
	run:   runDeclared,
}

const (
	declaredBody   = 4 << 20
	bodySilence    = 30 * time.Second // the longest extension of the time-out by bytes that came fast
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
		what := fmt.Sprintf("%d connections, %s", connections, kind.what)
		memory, problems, err := hold(p, connections, kind.head, kind.body)
		if err != nil {
			return rows, err
		}
		rows = append(rows,
			megabytes(what, memory, declaredBar),
			none("not answered with one error as JSON, in time", len(problems), connections).because(problems))
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

// hold opens connections that send a head and as much of a body as the server reads
// within some seconds. It returns the server's peak memory until all are answered,
// and a problem for each wrong answer.
func hold(p *process, connections int, head, body string) (peak int64, problems []string, err error) {
	wires := make([]*wire, connections)
	defer func() {
		for _, w := range wires {
			if w != nil {
				w.reset()
			}
		}
	}()
	errs := together(connections, 32, func(i int) (err error) {
		if wires[i], err = dial(p.address); err != nil {
			return err
		}
		_, err = io.WriteString(wires[i], head)
		return err
	})
	if len(errs) > 0 {
		return 0, nil, errs[0]
	}
	end := time.Now().Add(2 * bodySilence) // includes the time for sending
	errs = together(connections, connections, func(i int) error {
		_ = wires[i].SetWriteDeadline(end)
		go func() { _, _ = io.WriteString(wires[i], body) }() // the server may refuse it before its end
		return wires[i].refusedBody(time.Until(end))
	})
	if !p.alive() {
		return 0, nil, fmt.Errorf("the server has ended: %w", p.err)
	}
	peak, err = p.peak()
	return peak, texts(errs), err
}

// refusedBody returns an error unless a request whose body is incomplete is answered
// with a JSON error.
func (w *wire) refusedBody(maxWait time.Duration) error {
	a, err := w.read(maxWait)
	switch {
	case err != nil:
		return fmt.Errorf("no whole answer: %w", err)
	case a.status != http.StatusRequestTimeout && a.status != http.StatusServiceUnavailable && a.status != http.StatusRequestEntityTooLarge:
		return fmt.Errorf("answered %d", a.status)
	}
	return a.isError(a.status)
}

// chunks returns a chunked body without the last chunk.
func chunks(body string, length int) string {
	var chunked strings.Builder
	for len(body) > 0 {
		n := min(length, len(body))
		fmt.Fprintf(&chunked, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return chunked.String()
}
