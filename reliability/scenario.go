package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// scenario is one experiment with the product.
type scenario struct {
	name  string
	title string
	about string // how it is measured, printed on the page
	run   func(ctx context.Context, lab *lab) ([]row, error)
}

// row is a measurement and its bar.
type row struct {
	what     string
	bar      string
	measured string
	met      bool
}

// section is a scenario with its results.
type section struct {
	scenario
	rows []row
}

// scenarios are all scenarios, in the order of the page.
var scenarios = []scenario{
	messages, limits, declared, idle, slow, overload, gone, pastDeadline, panics, restarts, kill,
}

func names(of []scenario) string {
	var list []string
	for _, s := range of {
		list = append(list, s.name)
	}
	return strings.Join(list, ",")
}

// choose returns the scenarios of a list of names; "" means all.
func choose(from []scenario, only string) ([]scenario, error) {
	if only == "" {
		return from, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(from, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only %s: there are %s", name, names(from))
		}
		chosen = append(chosen, from[i])
	}
	return chosen, nil
}

// measure runs scenarios one after the other. A scenario that can't be measured gets
// a row with the error, which is not met.
func measure(ctx context.Context, lab *lab, chosen []scenario) []section {
	var sections []section
	for _, s := range chosen {
		began := time.Now()
		lab.say("%s: %s", s.name, s.title)
		rows, err := s.run(ctx, lab)
		lab.stopAll()
		if err != nil {
			rows = append(rows, unmeasured(s.title, err))
		}
		if len(rows) == 0 {
			rows = append(rows, unmeasured(s.title, fmt.Errorf("the scenario has no rows")))
		}
		for _, r := range rows {
			lab.say("  %s", r)
		}
		lab.say("  took %s", time.Since(began).Round(time.Second))
		sections = append(sections, section{s, rows})
	}
	return sections
}

// verdict prints the missed bars and returns the exit status.
func verdict(sections []section, out io.Writer) int {
	rows, missed := 0, 0
	for _, s := range sections {
		for _, r := range s.rows {
			rows++
			if !r.met {
				missed++
				fmt.Fprintf(out, "%s: %s\n", s.name, r)
			}
		}
	}
	fmt.Fprintf(out, "%d of %d bars met\n", rows-missed, rows)
	if missed > 0 || rows == 0 {
		return 1
	}
	return 0
}

func (r row) String() string {
	mark := "ok    "
	if !r.met {
		mark = "MISSED"
	}
	return fmt.Sprintf("%s %s: %s (bar: %s)", mark, r.what, r.measured, r.bar)
}
