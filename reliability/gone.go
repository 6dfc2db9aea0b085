package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// gone: 500 clients call a function that waits for 30 s or for the end of its
// context. Half of them close the connection, half reset it; others do so in the
// middle of an answer, and over TLS. The function records when its context ended, by
// the same clock. The bar: every context ends, within 100 ms.
var gone = scenario{
	name:  "gone",
	title: "Clients that go away",
	about: "500 clients call a function that waits, and go away, every second one with a reset. The function records when its context ends, which is compared with the time when the client went.",
	run:   runGone,
}

const goneBar = 100 * time.Millisecond

func runGone(ctx context.Context, lab *lab) (rows []row, err error) {
	certificate, key, err := lab.certificate()
	if err != nil {
		return nil, err
	}
	for _, kind := range []struct {
		what, scheme, path string
		flags              []string
	}{
		{"a function", "", "/api/v0/slow/create", nil},
		{"a raw answer that has begun", "", "/api/v0/slow/update", nil},
		{"a function, over TLS", overTLS, "/api/v0/slow/create", []string{"--tls-cert", certificate, "--tls-key", key}},
	} {
		p, err := lab.serve(ctx, kind.flags...)
		if err != nil {
			return append(rows, unmeasured(kind.what, err)), nil
		}
		got, err := goAway(ctx, kind.scheme+p.address, kind.path, pick(lab, 500, 100))
		if err != nil {
			return rows, err
		}
		for _, r := range got {
			r.what = kind.what + ": " + r.what
			rows = append(rows, r)
		}
		lab.stopAll()
	}
	return rows, nil
}

func goAway(ctx context.Context, address, path string, clients int) ([]row, error) {
	left, errs := leave(ctx, address, path, clients)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	var seen ledger
	_ = await(ctx, 3*time.Second, func() error { // a call that is missing afterwards was not cancelled
		if err := call(address, "/api/v0/slow/read", "{}", &seen); err != nil {
			return err
		}
		if len(seen.Ended) < clients {
			return fmt.Errorf("%d of %d", len(seen.Ended), clients)
		}
		return nil
	})
	return goneRows(left, seen), nil
}

// goneRows compares the times when clients went with the ends of their contexts.
func goneRows(left map[string]time.Time, seen ledger) []row {
	var took []time.Duration
	var sum time.Duration
	for id, at := range seen.Ended {
		d := time.Unix(0, at).Sub(left[id])
		took = append(took, d)
		sum += d
	}
	slowest := within("from the client's end to the context's, the slowest", percentile(took, 100), goneBar)
	slowest.met = slowest.met && len(took) > 0
	slowest.measured += fmt.Sprintf(" (mean %s)", span(sum/time.Duration(max(len(took), 1))))
	early := 0
	for _, d := range took {
		if d < 0 {
			early++
		}
	}
	return []row{all("clients whose going was noticed", len(took), len(left)), slowest, none("contexts that ended before their clients went", early, len(left))}
}

// ledger is the response of package slow of the product: when calls began and ended.
type ledger struct {
	Began int
	Ended map[string]int64
}

// leave starts calls, and ends their connections once all have begun. It returns the
// time at which each ended.
func leave(ctx context.Context, address, path string, clients int) (map[string]time.Time, []error) {
	wires := make([]*wire, clients)
	errs := together(clients, 50, func(i int) (err error) {
		if wires[i], err = dial(address); err != nil {
			return err
		}
		_, err = io.WriteString(wires[i], post(path, fmt.Sprintf(`{"id":"%d","ms":30000}`, i)))
		return err
	})
	if len(errs) > 0 {
		return nil, errs
	}
	if err := awaitBegun(ctx, address, clients); err != nil {
		return nil, []error{err}
	}
	left := map[string]time.Time{}
	var mu sync.Mutex
	together(clients, 1, func(i int) error {
		mu.Lock()
		left[fmt.Sprint(i)] = time.Now()
		mu.Unlock()
		if i%2 == 0 {
			return wires[i].Close()
		}
		wires[i].reset()
		return nil
	})
	return left, nil
}

// awaitBegun waits until a number of calls of package slow have begun.
func awaitBegun(ctx context.Context, address string, calls int) error {
	return await(ctx, maxWait, func() error {
		var seen ledger
		if err := call(address, "/api/v0/slow/read", "{}", &seen); err != nil {
			return err
		}
		if seen.Began < calls {
			return fmt.Errorf("%d of %d calls have begun", seen.Began, calls)
		}
		return nil
	})
}
