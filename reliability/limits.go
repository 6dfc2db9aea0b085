package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// limits: one client at a time exceeds a limit and would go on for ever. The status,
// the JSON and the time of the answer are checked. The limits are: the size of a
// body, which is refused before its end, and before its first byte if its length is
// declared; the size of headers; the time for headers, and the rate of a body (below
// 1 KB/s after its first 5 s), while a slower one is still served; the number of
// connections and of running calls, where one more is refused within 50 ms with
// Retry-After.
var limits = scenario{
	name:  "limits",
	title: "Limits",
	about: "Each limit is exceeded by a client that would go on for ever. An answer counts if it has the right status, is JSON, and comes in time.",
	run:   runLimits,
}

const (
	testedMaxBody       = 64 << 10
	testedMaxHeader     = 8 << 10
	testedHeaderTimeout = 2 * time.Second
	bodyGrace           = 5 * time.Second // protocol.md: "slower than 1 KB/s after its first 5 s"
	halfRate            = 2 * bodyGrace   // at half of that rate, the time-out comes after this time
	refusalBar          = 50 * time.Millisecond
)

func runLimits(ctx context.Context, lab *lab) ([]row, error) {
	p, err := lab.serve(ctx, "--max-body", fmt.Sprint(testedMaxBody), "--max-header", fmt.Sprint(testedMaxHeader), "--header-timeout", testedHeaderTimeout.String())
	if err != nil {
		return nil, err
	}
	checks := limitChecks
	rows := make([]row, len(checks))
	together(len(checks), len(checks), func(i int) error {
		rows[i] = checks[i].row(p.address)
		return nil
	})
	bounds := []struct{ what, flag, path, body string }{
		{"503: one connection more than `--max-connections`", "--max-connections", echoPath, echoBody},
		{"503: one call more than `--max-running`", "--max-running", "/api/v0/slow/create", `{"ms":60000}`},
	}
	for _, b := range bounds {
		rows = append(rows, beyondBound(ctx, lab, b.what, b.flag, post(b.path, b.body)))
	}
	return rows, nil
}

// limitCheck is one way to exceed a limit of every server.
type limitCheck struct {
	what     string
	send     string // at once
	dribble  string // and then this, again and again,
	every    time.Duration
	status   int // what must be answered,
	earliest time.Duration
	latest   time.Duration
}

var limitChecks = []limitCheck{
	{what: "413: a declared length, before a byte of the body is sent", status: 413, latest: refusalBar,
		send: declaring("/api/v0/echo/read", testedMaxBody+1)},
	{what: "413: the same of a raw request with a bound of a terabyte", status: 413, latest: refusalBar,
		send: declaring("/api/v0/echo/update", 1<<40)},
	{what: "413: the same where the client waits for 100 Continue", status: 413, latest: refusalBar,
		send: strings.Replace(declaring("/api/v0/echo/read", testedMaxBody+1), "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1)},
	{what: "413: chunks, as soon as they are too many", status: 413, latest: time.Second,
		send: chunked("/api/v0/echo/read", testedMaxBody+1)},
	{what: "431: a header", status: 431, latest: time.Second,
		send: "POST /api/v0/echo/read HTTP/1.1\r\nHost: product\r\nX: " + strings.Repeat("x", 2*testedMaxHeader)},
	{what: "431: many headers", status: 431, latest: time.Second,
		send: "POST /api/v0/echo/read HTTP/1.1\r\nHost: product\r\n" + strings.Repeat("X: x\r\n", testedMaxHeader/3)},
	{what: "431 or 414: the request line", status: 431, latest: time.Second,
		send: "POST /" + strings.Repeat("x", 2*testedMaxHeader)},
	{what: "408: headers that stop", status: 408, earliest: testedHeaderTimeout, latest: testedHeaderTimeout + time.Second,
		send: "POST /api/v0/echo/read HTTP/1.1\r\nHost: product\r\n"},
	{what: "408: headers, a byte at a time", status: 408, earliest: testedHeaderTimeout, latest: testedHeaderTimeout + time.Second,
		send: "POST /api/v0/echo/read HTTP/1.1\r\nHost: product\r\nX: ", dribble: "x", every: 100 * time.Millisecond},
	{what: "408: a body that stops", status: 408, earliest: bodyGrace, latest: bodyGrace + time.Second,
		send: declaring("/api/v0/echo/read", testedMaxBody) + `{"hello":`},
	{what: "408: a body at 10 bytes a second", status: 408, earliest: bodyGrace, latest: bodyGrace + time.Second,
		send: declaring("/api/v0/echo/read", testedMaxBody) + `{"hello":`, dribble: " ", every: 100 * time.Millisecond},
	{what: "408: a body at 500 bytes a second", status: 408, earliest: bodyGrace, latest: halfRate + time.Second,
		send: declaring("/api/v0/echo/read", testedMaxBody) + `{"hello":`, dribble: strings.Repeat(" ", 50), every: 100 * time.Millisecond},
	{what: "408: a chunked body at 500 bytes a second", status: 408, earliest: bodyGrace, latest: halfRate + time.Second,
		send: "POST /api/v0/echo/read HTTP/1.1\r\nHost: product\r\nTransfer-Encoding: chunked\r\n\r\n", dribble: "2c\r\n" + strings.Repeat(" ", 44) + "\r\n", every: 100 * time.Millisecond},
	{what: "200: a body at 4 KB a second is served", status: 200, earliest: bodyGrace, latest: 20 * time.Second,
		send: declaring("/api/v0/echo/read", 10*4000+len(echoBody)) + echoBody, dribble: strings.Repeat(" ", 400), every: 100 * time.Millisecond},
}

// declaring returns a request without its body.
func declaring(path string, length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: product\r\nContent-Length: %d\r\n\r\n", path, length)
}

// chunked returns a chunked request of a size, without its last chunk.
func chunked(path string, length int) string {
	const chunk = 1 << 10
	var request strings.Builder
	fmt.Fprintf(&request, "POST %s HTTP/1.1\r\nHost: product\r\nTransfer-Encoding: chunked\r\n\r\n", path)
	for ; length > 0; length -= chunk {
		fmt.Fprintf(&request, "%x\r\n%s\r\n", min(chunk, length), strings.Repeat(" ", min(chunk, length)))
	}
	return request.String()
}

func (l limitCheck) row(address string) row {
	r := row{what: l.what, bar: "answered after at most " + span(l.latest)}
	if l.earliest > 0 {
		r.bar = fmt.Sprintf("answered after %s to %s", span(l.earliest), span(l.latest))
	}
	took, err := l.try(address)
	switch {
	case err != nil:
		r.measured = err.Error()
	default:
		r.measured, r.met = "after "+span(took), l.earliest-100*time.Millisecond <= took && took <= l.latest
	}
	return r
}

func (l limitCheck) try(address string) (time.Duration, error) {
	w, err := dial(address)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	began := time.Now()
	if _, err := io.WriteString(w, l.send); err != nil {
		return 0, err
	}
	answered := make(chan struct{})
	defer close(answered)
	if l.dribble != "" {
		go w.dribble(l.dribble, l.every, answered)
	}
	a, err := w.read(2 * l.latest)
	took := time.Since(began)
	switch {
	case isTimeout(err):
		return 0, fmt.Errorf("no answer within %s", span(took))
	case err != nil:
		return 0, fmt.Errorf("no whole answer: %w", err)
	case l.status == http.StatusOK && a.status == http.StatusOK:
		return took, nil
	case l.status == http.StatusRequestHeaderFieldsTooLarge && a.status == http.StatusRequestURITooLong:
		return took, a.isError(http.StatusRequestURITooLong)
	}
	return took, a.isError(l.status)
}

// dribble sends text again and again, until end is closed or sending fails.
func (w *wire) dribble(what string, every time.Duration, end <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-end:
			return
		}
		if _, err := io.WriteString(w, what); err != nil {
			return
		}
	}
}

// beyondBound uses up a limit, and then asks a hundred times more.
func beyondBound(ctx context.Context, lab *lab, what, flag, request string) row {
	const bound, tries = 50, 100
	r := row{what: what, bar: fmt.Sprintf("all of %d, with Retry-After, within %s", tries, span(refusalBar))}
	p, err := lab.serve(ctx, flag, fmt.Sprint(bound))
	if err != nil {
		r.measured = err.Error()
		return r
	}
	for range bound {
		w, err := dial(p.address)
		if err != nil {
			r.measured = err.Error()
			return r
		}
		defer w.Close()
		if _, err := io.WriteString(w, request); err != nil {
			r.measured = err.Error()
			return r
		}
	}
	// The requests above may still be on their way.
	_ = await(ctx, 2*time.Second, func() error { _, err := askRefused(p.address); return err })
	refused, slowest, problems := askBeyond(p.address, tries)
	r.measured = fmt.Sprintf("%d of %d, the slowest after %s", refused, tries, span(slowest))
	r.met = refused == tries && slowest <= refusalBar
	return r.because(problems)
}

// askBeyond asks a number of times, on a new connection each time, and returns how
// often it was refused correctly.
func askBeyond(address string, tries int) (refused int, slowest time.Duration, problems []string) {
	for range tries {
		took, err := askRefused(address)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		refused++
		slowest = max(slowest, took)
	}
	return refused, slowest, problems
}

func askRefused(address string) (time.Duration, error) {
	w, err := dial(address)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	began := time.Now()
	a, err := w.ask(post(echoPath, echoBody), 2*time.Second)
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("no whole answer: %w", err)
	}
	if a.header.Get("Retry-After") == "" && a.status == http.StatusServiceUnavailable {
		return 0, fmt.Errorf("503 without Retry-After")
	}
	return took, a.isError(http.StatusServiceUnavailable)
}
