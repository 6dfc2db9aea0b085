package main

import (
	"fmt"
	"math"
	"strings"
)

// bar is the limit that a figure must meet, and the goal for later.
type bar struct {
	work       string
	must, goal float64 // at most; goal 0: none
	unit       string
	measured   func(r *results) (Spread, bool)
}

// bars are the limits that the server must meet.
var bars = append(append(append(append(append(append([]bar{},
	overBars("typed echo, over static bytes", typed, limit, [3]float64{1.35, 2.5, 19}, [3]float64{1.20, 2.0, 14})...),
	overBars("object echo, over static bytes", object, limit, [3]float64{1.40, 3.4, 50}, [3]float64{1.30, 2.5, 30})...),
	overBars("typed, over net/http + encoding/json into a map", typed, nethttp, [3]float64{0.45, 0.36, 0.16}, [3]float64{0.40, 0.30, 0.12})...),
	overBars("object, over the same", object, nethttp, [3]float64{0.45, 0.40, 0.37}, [3]float64{0.42, 0.35, 0.25})...),
	overBars("object, over fiber v3 + go-json into a map", object, fiber, [3]float64{1, 1, 1}, [3]float64{0.85, 0.85, 0.85})...),
	bar{"an idle connection, by default", 22, 15, " KB", idleOf(object)},
	bar{"an idle connection, `--low-memory`", 11.5, 9, " KB", idleOf(lowMemory)},
	bar{"access log of every request, over none (17 B)", 1.10, 1.05, "", costOf(accessLog, object, 0)},
	bar{"a stream of 1,000 small rows, over net/http + encoding/json by hand, each row flushed", 0.6, 0.5, "", streamed("")},
	bar{"the same, " + collected, 0.6, 0.5, "", streamed(collected)},
	bar{"an event of Lambda, object, over aws-lambda-go by hand, 17 B", 1.25, 1.1, "", lambdaCost(lambdaObject, lambdaBare, 0)},
	bar{"the same, 1 KB", 1.25, 1.1, "", lambdaCost(lambdaObject, lambdaBare, 1)},
	bar{"an event of Lambda, object, over gin behind aws-lambda-go-api-proxy, 17 B", 0.8, 0.6, "", lambdaCost(lambdaObject, lambdaGin, 0)},
	bar{"the same, 1 KB", 0.8, 0.6, "", lambdaCost(lambdaObject, lambdaGin, 1)},
	bar{"on Lambda: from the start to the first event asked for", 25, 0, " ms", started(func(s start) Spread { return s.Millis })},
	bar{"the same, processor time", 25, 0, " ms", started(func(s start) Spread { return s.CPU })},
	bar{"on Lambda: the zip", 6, 0, " MB", started(func(s start) Spread { return Spread{Median: float64(s.Zip) / 1e6, Rounds: 1} })},
)

func overBars(work string, row, over peer, must, goal [3]float64) (list []bar) {
	for i, b := range bodies() {
		list = append(list, bar{work + ", " + b.name, must[i], goal[i], "", costOf(row, over, i)})
	}
	return list
}

func costOf(row, over peer, body int) func(*results) (Spread, bool) {
	return func(r *results) (Spread, bool) {
		c, ok := r.cost(row.name, over.name, bodies()[body].name, someConnections)
		return c.Ratio, ok
	}
}

// idleOf returns the memory of the whole process, which includes what it needs without
// connections.
func idleOf(p peer) func(*results) (Spread, bool) {
	return func(r *results) (Spread, bool) {
		i, ok := r.idle(p.name)
		return Spread{Median: i.Whole / 1000, Rounds: 1}, ok
	}
}

// goalText returns the goal with its unit; "" without one.
func (b bar) goalText() string {
	if b.goal == 0 {
		return ""
	}
	return figure(b.goal) + b.unit
}

// holds says whether a measurement is at most the bar; "" without one.
func (b bar) holds(at float64, s Spread) string {
	if at == 0 {
		return ""
	}
	if s.Median <= at {
		return "met"
	}
	return "**missed**"
}

// barsTable returns the table of the bars.
func (r *results) barsTable() string {
	var table strings.Builder
	table.WriteString("| Work | must | goal | measured | must | goal |\n|---|---|---|---|---|---|\n")
	for _, b := range bars {
		s, ok := b.measured(r)
		if !ok {
			fmt.Fprintf(&table, "| %s | %s | %s | not measured | | |\n", b.work, figure(b.must)+b.unit, b.goalText())
			continue
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s | %s |\n", b.work, figure(b.must)+b.unit, b.goalText(), s.String()+b.unit, b.holds(b.must, s), b.holds(b.goal, s))
	}
	table.WriteString(r.routesBar())
	return table.String()
}

// routesBar is the bar without a number: no difference beyond noise.
func (r *results) routesBar() string {
	const work = "| 200 routes, over 1 (17 B) | no difference beyond noise | | "
	c, ok := r.cost(wide("200").name, wide("1").name, bodies()[0].name, someConnections)
	if !ok {
		return work + "not measured | | |\n"
	}
	mark := "met"
	if c.Ratio.Median > 1+r.noise() {
		mark = "**missed**"
	}
	return fmt.Sprintf("%s%s, noise %.1f %% | %s | |\n", work, c.Ratio, 100*r.noise(), mark)
}

// noise returns by how much the ratio of a server to itself differed from 1, but at
// least 2 %, which is the known error of the method.
func (r *results) noise() float64 {
	noise := 0.02
	for _, c := range r.Costs {
		if c.Part == "check" {
			noise = max(noise, math.Abs(c.Ratio.Median-1))
		}
	}
	return noise
}
