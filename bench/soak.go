package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apiphant/apiphant/bench/internal/openloop"
)

// runSoak loads the row object so that its core is busy for soakShare of the time, and
// measures each minute.
func runSoak(ctx context.Context, l *lab, r *results, name string) {
	if err := l.soakFor(ctx, r, name); err != nil {
		r.Missing = append(r.Missing, missing{name, object.name, err.Error()})
		l.say("  %s: %v", object.name, err)
	}
	l.stopAll()
}

// soakShare is the share of the time for which the server's core is busy. The rate is
// adjusted to it all the time: a fixed rate would overload a shared machine in its
// slow minutes.
const soakShare = 0.8

func (l *lab) soakFor(ctx context.Context, r *results, part string) error {
	s, err := l.serve(ctx, object, l.serverCore)
	if err != nil {
		return err
	}
	capacity, err := l.capacity(ctx, s)
	if err != nil {
		return err
	}
	controller := rateController{share: soakShare, core: l.serverCore}
	rate := soakShare * capacity
	for left := l.soak; left > 0; left -= time.Minute {
		load := l.openLoop(s, rate, min(left, time.Minute))
		load.AdjustEvery, load.Adjust = adjustEvery, func(now float64) float64 {
			rate = controller.adjust(now)
			return rate
		}
		got, err := load.Run(ctx)
		if err == nil {
			err = controller.err
		}
		if err != nil {
			return err
		}
		m := minute{
			Part: part, Rate: got.Rate, Unanswered: got.Unanswered, Busy: controller.takeBusy(),
			P50: openloop.Quantile(got.Took, 0.5), P99: openloop.Quantile(got.Took, 0.99), P999: openloop.Quantile(got.Took, 0.999),
		}
		if m.Resident, err = s.resident(); err != nil {
			return err
		}
		if m.Goroutines, err = s.goroutines(ctx); err != nil {
			return err
		}
		r.Soak = append(r.Soak, m)
		l.say("  minute %d at %.0f/s, %.0f %% busy: p50 %s, p99 %s, p99.9 %s, %.1f MB, %d goroutines", len(r.Soak), m.Rate, 100*m.Busy, m.P50, m.P99, m.P999, float64(m.Resident)/1e6, m.Goroutines)
	}
	return nil
}

// goroutines returns the number of the server's goroutines, by --admin.
func (s *server) goroutines(ctx context.Context) (int, error) {
	at := slices.Index(s.command.Args, "--admin")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.command.Args[at+1]+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			return strconv.Atoi(n)
		}
	}
	return 0, fmt.Errorf("no go_goroutines at --admin")
}
