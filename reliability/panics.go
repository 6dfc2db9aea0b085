package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// panics: thousands of requests make the product panic wherever code of a product
// runs: in middleware before and after the function, in functions of each shape, in
// Validate and MarshalJSON, and in a raw answer before and after its first byte; other
// functions end their goroutine. The bar: 500 as JSON where nothing was sent yet; an
// answer that has begun is broken off and never looks complete; the stack is in the
// log; and the process is the same at the end.
var panics = scenario{
	name:  "panics",
	title: "Panics",
	about: "A product panics in every place where its code runs, several hundred times each, with 50 requests at a time on keep-alive connections.",
	run:   runPanics,
}

// panicking is a request that makes the product panic.
type panicking struct {
	name    string
	request string
	broken  bool   // the answer has begun, or its goroutine has ended: it may break off, but must not look complete
	quiet   bool   // http.ErrAbortHandler, which is not logged
	logged  string // what the log must contain besides the stack
}

var panickings = []panicking{
	{name: "a middleware before the function", request: post(echoPath, "{}", "X-Panic: before"), logged: "reliability: middleware, before the function"},
	{name: "a middleware after the function", request: post(echoPath, "{}", "X-Panic: after"), logged: "reliability: middleware, after the function"},
	{name: "a function", request: post("/api/v0/broken/create", "{}"), logged: "reliability: function"},
	{name: "the runtime", request: post("/api/v0/broken/read", "{}"), logged: "index out of range"},
	{name: "a function of raw requests", request: post("/api/v0/broken/update", "{}"), logged: http.ErrBodyNotAllowed.Error()},
	{name: "Validate", request: post("/api/v0/broken/types/create", "{}"), logged: "reliability: Validate"},
	{name: "MarshalJSON", request: post("/api/v0/broken/types/read", "{}"), logged: "reliability: MarshalJSON"},
	{name: "a raw answer that has not begun", request: post("/api/v0/broken/delete", "{}"), logged: "reliability: raw answer, not begun"},
	{name: "a raw answer of which nothing was sent", request: post("/api/v0/broken/streams/update", "{}"), logged: "reliability: buffered answer"},
	{name: "a chunked answer", request: post("/api/v0/broken/streams/create", "{}"), broken: true, logged: "reliability: chunked answer"},
	{name: "an answer of a declared length", request: post("/api/v0/broken/streams/read", "{}"), broken: true, logged: "reliability: declared answer"},
	{name: "runtime.Goexit", request: post("/api/v0/broken/exits/create", "{}"), broken: true, logged: "runtime.Goexit"},
	{name: "runtime.Goexit in an answer", request: post("/api/v0/broken/exits/read", "{}"), broken: true, logged: "/api/v0/broken/exits/read"},
	{name: "http.ErrAbortHandler", request: post("/api/v0/broken/streams/delete", "{}"), broken: true, quiet: true},
}

func runPanics(ctx context.Context, lab *lab) ([]row, error) {
	p, err := lab.serve(ctx)
	if err != nil {
		return nil, err
	}
	times := pick(lab, 500, 50)
	_ = panicRows(p.address, times/10) // warm up: a process that has just started has fewer goroutines
	before, err := settled(ctx, p)
	if err != nil {
		return nil, err
	}
	rows := panicRows(p.address, times)
	log, unlogged := p.log(), []string(nil)
	for _, kind := range panickings {
		if !kind.quiet && !strings.Contains(log, kind.logged) {
			unlogged = append(unlogged, kind.name)
		}
	}
	alive := all("the process that was started serves at the end", 1, 1)
	if err := call(p.address, echoPath, echoBody, nil); err != nil || !p.alive() {
		alive = unmeasured(alive.what, fmt.Errorf("it doesn't: %w", err))
	}
	stacks := row{what: "stacks in the log", bar: "the panic's own file", measured: "none", met: false}
	if strings.Contains(log, "broken.go:") && strings.Contains(log, "streams.go:") {
		stacks.measured, stacks.met = "broken.go and streams.go of the product are named", true
	}
	left := await(ctx, 4*settleBar, func() error {
		now, err := measureVitals(p)
		if err != nil {
			return err
		}
		return now.asGoodAs(before)
	})
	rows = append(rows, happened("goroutines, memory and descriptors are as before in the end", left))
	return append(rows, none("kinds that the log doesn't tell", len(unlogged), len(panickings)).because(unlogged), stacks, alive), nil
}

// panicRows makes a server panic, and counts wrong answers.
func panicRows(address string, times int) []row {
	n := times * len(panickings)
	wrong, whole := make([]string, n), make([]string, n)
	clients := make(chan *wire, 50)
	for range cap(clients) {
		clients <- nil
	}
	errs := together(n, cap(clients), func(i int) (err error) {
		kind := panickings[i%len(panickings)]
		w := <-clients
		defer func() { clients <- w }()
		if w == nil {
			if w, err = dial(address); err != nil {
				return err
			}
		}
		a, err := w.ask(kind.request, maxWait)
		if err != nil || a.last {
			_ = w.Close()
			w = nil
		}
		switch {
		case kind.broken && err == nil && a.status < http.StatusBadRequest:
			whole[i] = fmt.Sprintf("%s: %d %.100q", kind.name, a.status, a.body)
		case kind.broken && isTimeout(err):
			wrong[i] = kind.name + ": the broken answer does not end"
		case kind.broken && err != nil: // correct
		case err != nil:
			wrong[i] = kind.name + ": " + err.Error()
		default:
			if err := a.isError(http.StatusInternalServerError); err != nil {
				wrong[i] = kind.name + ": " + err.Error()
			}
		}
		return nil
	})
	close(clients)
	for w := range clients {
		if w != nil {
			_ = w.Close()
		}
	}
	wrong = append(filled(wrong), texts(errs)...)
	return []row{
		none(fmt.Sprintf("panics in %d places not answered as they should be", len(panickings)), len(wrong), n).because(wrong),
		none("broken answers that looked whole", len(filled(whole)), n/len(panickings)*brokenKinds()).because(filled(whole)),
	}
}

func brokenKinds() (kinds int) {
	for _, kind := range panickings {
		if kind.broken {
			kinds++
		}
	}
	return kinds
}

func filled(list []string) (some []string) {
	for _, text := range list {
		if text != "" {
			some = append(some, text)
		}
	}
	return some
}
