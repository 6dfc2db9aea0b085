package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// pastDeadline: of the 20 calls that may run at once, 10 ignore their context, which
// ends after a second, for 15 s. The bar: each of them is in the log while it still
// runs; the metrics count them as running; they still count towards the limit, so
// that 10 more calls are served and the next is refused; their clients are answered
// in the end; and other calls keep their latency.
var pastDeadline = scenario{
	name:  "deadline",
	title: "Functions past their deadline",
	about: "`--max-running 20 --timeout 1s`; 10 calls ignore their context for 15 s. Latencies are medians of three runs of 400 requests a second for 2 s, before and meanwhile.",
	run:   runPastDeadline,
}

const (
	ignoringCalls   = 10
	ignoringRunning = 20
	ignoringPath    = "/api/v0/ignoring/create"
)

func runPastDeadline(ctx context.Context, lab *lab) ([]row, error) {
	admin, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p, err := lab.serve(ctx, "--timeout", "1s", "--max-running", fmt.Sprint(ignoringRunning), "--admin", admin)
	if err != nil {
		return nil, err
	}
	regular := offered{address: p.address, request: post(echoPath, echoBody), rate: 400, clients: 8, lasts: 2 * time.Second}
	rounds := pick(lab, 3, 1)
	before, sent, problems := regularLatency(regular, rounds)
	wires, err := callIgnoring(ctx, p, pick(lab, 15, 10))
	if err != nil {
		return nil, err
	}
	told := await(ctx, 5*time.Second, func() error {
		if n := strings.Count(p.log(), ignoringPath); n < ignoringCalls {
			return fmt.Errorf("%d lines speak of them while they run", n)
		}
		return nil
	})
	rows := []row{
		happened("calls past their deadline are in the log while they run", told),
		happened("they are counted as running", sampled(admin, "apiphant_requests_in_flight", ignoringCalls)),
	}
	during, more, others := regularLatency(regular, rounds)
	problems = append(problems, others...)
	rows = append(rows,
		atMostTimes("99 of 100 of the others", before, during, 2),
		none("others not served", len(problems), sent+more).because(problems),
		happened("with as many others as have a place, the next is refused", fillBound(ctx, p.address, ignoringRunning-ignoringCalls)),
	)
	errs := together(ignoringCalls, ignoringCalls, func(i int) error {
		defer wires[i].Close()
		_, err := wires[i].read(maxWait)
		return err
	})
	return append(rows,
		all("their clients answered in the end", ignoringCalls-len(errs), ignoringCalls).because(texts(errs)),
		happened("they are counted as late afterwards", sampled(admin, "apiphant_requests_past_deadline_total", ignoringCalls)),
	), nil
}

// happened returns a row that is met if err is nil.
func happened(what string, err error) row {
	if err != nil {
		return row{what: what, bar: "yes", measured: "no: " + err.Error()}
	}
	return row{what: what, bar: "yes", measured: "yes", met: true}
}

// regularLatency returns the median of the 99th percentiles of several rounds.
func regularLatency(load offered, rounds int) (p99 time.Duration, sent int, problems []string) {
	var all []time.Duration
	for range rounds {
		tally := load.run()
		all = append(all, percentile(tally.served, 99))
		problems = append(problems, tally.problems...)
		sent += tally.total()
		if len(tally.refused) > 0 {
			problems = append(problems, fmt.Sprintf("%d were refused", len(tally.refused)))
		}
	}
	return median(all), sent, problems
}

// callIgnoring starts calls that ignore their context.
func callIgnoring(ctx context.Context, p *process, seconds int) ([]*wire, error) {
	wires := make([]*wire, ignoringCalls)
	errs := together(ignoringCalls, ignoringCalls, func(i int) (err error) {
		if wires[i], err = dial(p.address); err != nil {
			return err
		}
		_, err = io.WriteString(wires[i], post(ignoringPath, fmt.Sprintf(`{"ms":%d}`, seconds*1000)))
		return err
	})
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return wires, await(ctx, maxWait, func() error {
		var now struct{ Running int }
		if err := call(p.address, "/api/v0/ignoring/read", "{}", &now); err != nil {
			return err
		}
		if now.Running < ignoringCalls {
			return fmt.Errorf("%d of %d calls have begun", now.Running, ignoringCalls)
		}
		return nil
	})
}

// fillBound runs as many calls as the limit still allows, which must be served, and
// then one more, which must be refused.
func fillBound(ctx context.Context, address string, places int) error {
	served := make(chan []error, 1)
	go func() {
		served <- together(places, places, func(int) error {
			return call(address, "/api/v0/slow/create", `{"ms":800}`, nil)
		})
	}()
	refused := await(ctx, 700*time.Millisecond, func() error { _, err := askRefused(address); return err })
	if errs := <-served; len(errs) > 0 {
		return fmt.Errorf("%d of %d others were not served: %w", len(errs), places, errs[0])
	}
	return refused
}

// sampled returns an error if the samples of a metric add up to less than a minimum.
func sampled(admin, metric string, least float64) error {
	client := http.Client{Timeout: maxWait}
	response, err := client.Get("http://" + admin + "/metrics")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	sum, samples := 0.0, regexp.MustCompile(`(?m)^`+metric+`(?:\{.*\})? (\S+)$`).FindAllStringSubmatch(string(text), -1)
	for _, sample := range samples {
		value, err := strconv.ParseFloat(sample[1], 64)
		if err != nil {
			return err
		}
		sum += value
	}
	if len(samples) == 0 || sum < least {
		return fmt.Errorf("%s is %g of %d samples", metric, sum, len(samples))
	}
	return nil
}

// freeAddress returns an address that is not in use.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
