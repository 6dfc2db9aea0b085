package main

import (
	"context"
	"fmt"
	"time"
)

// overload: a product that runs at most 50 calls of 50 ms at once, 1,000 a second, is
// offered 3,000 a second at a fixed rate. Measured are the latency of accepted calls,
// before (at 500 a second) and during; the latency of refusals; and the time after
// the load until goroutines, memory and descriptors are as before. The bar: 99 % of
// the refusals come within 50 ms; the 99th percentile of accepted calls at most
// doubles (there is no queue, and the function takes nearly all of it); everything
// is as before within 5 s, with at most 16 MB more memory. What the measurement
// itself needs is not counted.
var overload = scenario{
	name:  "overload",
	title: "Overload",
	about: "`--max-running 50` with calls of 50 ms is offered 3,000 calls a second, three times what it can do, at a fixed rate; latencies are counted from the time when a request was due. A function of the product reports the goroutines, the kernel memory and descriptors.",
	run:   runOverload,
}

const (
	overloadRunning  = 50
	overloadTakes    = 50 * time.Millisecond
	overloadCapacity = int(overloadRunning * time.Second / overloadTakes)
	settleBar        = 5 * time.Second
	settleSlack      = 16_000_000
	ownNoise         = 3 // goroutines and descriptors that the measurement needs
)

func runOverload(ctx context.Context, lab *lab) ([]row, error) {
	p, err := lab.serve(ctx, "--max-running", fmt.Sprint(overloadRunning))
	if err != nil {
		return nil, err
	}
	load := offered{
		address: p.address,
		request: post("/api/v0/slow/create", fmt.Sprintf(`{"ms":%d}`, overloadTakes.Milliseconds())),
		rate:    overloadCapacity / 2,
		lasts:   pick(lab, 5*time.Second, 2*time.Second),
		clients: 400,
	}
	calm := load.run()
	before, err := settled(ctx, p)
	if err != nil {
		return nil, err
	}
	load.rate, load.lasts = 3*overloadCapacity, pick(lab, 10*time.Second, 2*time.Second)
	stormy := load.run()
	fell := time.Now()
	lab.say("  served %d, refused %d, problems %d, unsent %d", len(stormy.served), len(stormy.refused), len(stormy.problems), stormy.unsent)
	var now vitals
	err = await(ctx, 2*settleBar, func() (err error) {
		if now, err = measureVitals(p); err != nil {
			return err
		}
		return now.asGoodAs(before)
	})
	back := within("goroutines, memory and descriptors as before, after the load fell", time.Since(fell), settleBar)
	back.measured += fmt.Sprintf(" (%s; before %s)", now, before)
	if err != nil {
		back.met, back.measured = false, err.Error()
	}
	problems := append(calm.problems, stormy.problems...)
	shed := row{what: "of what was offered beyond that, refused", bar: "more than half", measured: fmt.Sprintf("%d of %d requests, %d served", len(stormy.refused), stormy.total(), len(stormy.served)),
		met: len(stormy.refused) > stormy.total()/2}
	return []row{
		shed,
		within("99 of 100 refusals", percentile(stormy.refused, 99), refusalBar),
		atMostTimes("99 of 100 of those accepted", percentile(calm.served, 99), percentile(stormy.served, 99), 2),
		none("requests lost, hung or answered otherwise", len(problems), calm.total()+stormy.total()).because(problems),
		back,
	}, nil
}

// vitals are the quantities that must return to their values before the load.
type vitals struct {
	goroutines  int
	descriptors int
	resident    int64
}

func (v vitals) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %s", v.goroutines, v.descriptors, size(v.resident))
}

// asGoodAs returns an error if a value is higher than before.
func (v vitals) asGoodAs(before vitals) error {
	if v.goroutines > before.goroutines+ownNoise || v.descriptors > before.descriptors+ownNoise || v.resident > before.resident+settleSlack {
		return fmt.Errorf("%s; before %s", v, before)
	}
	return nil
}

func measureVitals(p *process) (v vitals, err error) {
	var told struct{ Goroutines int }
	if err := call(p.address, "/api/v0/process/read", "{}", &told); err != nil {
		return v, err
	}
	v.goroutines = told.Goroutines
	if v.resident, err = p.resident(); err != nil {
		return v, err
	}
	v.descriptors, err = p.descriptors()
	return v, err
}

// settled waits until the vitals stay the same for a while, since idle workers of the
// server end after some time.
func settled(ctx context.Context, p *process) (last vitals, err error) {
	steady := time.Now()
	err = await(ctx, maxWait, func() error {
		now, err := measureVitals(p)
		if err != nil {
			return err
		}
		if now.asGoodAs(last) != nil || last.asGoodAs(now) != nil {
			last, steady = now, time.Now()
		}
		if time.Since(steady) < 3*time.Second {
			return fmt.Errorf("the server doesn't come to rest: %s", now)
		}
		return nil
	})
	return last, err
}
