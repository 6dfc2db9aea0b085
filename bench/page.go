package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// tried is the heading of the text that is written by hand, which every run keeps.
const tried = "## What was tried"

const pageHead = `# Benchmarks

The same work on every server: ` + "`POST /api/v0/echo/read`" + `, parse the JSON object, add ` + "`\"server\"`" + `, answer it. Everything is written by ` + "`make bench`" + ` ([bench](../bench)), down to "What was tried".

![Processor time of a request over static bytes on fasthttp](benchmarks.svg)

apiphant is the product in [bench/product](../bench/product), as the command builds it, with everything on that is on by default (header guard, time-outs, limits, request id, recover, deadline, the watch for clients that go away) and metrics counted (` + "`--admin`" + `); "raw" is go-json into a map by hand, in a raw action. The others are what their documentation begins with, without logs, time-outs or limits.

Each server is a process on the first core, the load (wrk) comes from another. Two servers are loaded at the same time, each in a session of its own, so that the kernel gives each half of the core, however many threads it has (sched_autogroup_enabled); what is compared is the processor time per answered request, from the kernel. Figures are medians of rounds, the quartiles in brackets. Factors that are not beside each other in the same row were measured in other minutes.
`

// page returns the page in Markdown, with the text that was written by hand.
func (r *results) page(before string) string {
	var page strings.Builder
	page.WriteString(pageHead)
	r.writeRuns(&page)
	section := func(title, about, table string) {
		if table != "" {
			fmt.Fprintf(&page, "\n## %s\n\n%s\n\n%s", title, about, strings.TrimLeft(table, "\n"))
		}
	}
	scale := r.pairs("scale")
	if scale != "" {
		scale = "![Processor time of a request over the size of its body](benchmarks-size.svg)\n\n" + scale
	}
	section("The bars", "Processor time per request, 64 connections, unless it says something else. An idle connection is the resident memory of the whole process by their number.", r.barsTable())
	section("A server beside itself", "What every other factor may be off by.", r.pairs("check"))
	section("Over static bytes", r.sentence(), r.overLimit())
	section("Beside each other", "The second as a factor of the first, in the same seconds.", r.pairs("direct"))
	section("Alone", "Each with the core to itself, in turns of two seconds with static bytes, which are the other: the machine's slow and fast minutes count here, and what two servers do to each other's caches doesn't.", r.pairs("alone"))
	section("Streams", "Processor time of a whole stream of small rows. By hand each row is flushed, as ours is sent at once where rows are slow, or, as said, none is.", r.pairs("stream"))
	section("AWS Lambda", "Processor time of a function for an event of an HTTP API (payload 2.0) with the body, aws-lambda-go's own part included, over one runtime API on this machine. apiphant is the zip that `apiphant package --lambda` writes. The first row is a function beside itself.", r.pairs("lambda"))
	section("Idle connections", "Resident memory a second after the last of so many connections has had the answer to its one request.", r.idles())
	section("Latency", "Requests of 17 B that come at a fixed rate over 64 connections, each counted from the moment when it was due. What a server can do is measured right before and right after; by how much that differed is told where it is more than 10 % in each of five tries. The last column is the load's own fault: what 99.9 % of the requests were at most sent too late with a connection free.", r.latencies())
	section("Scale", "How cost grows, over static bytes under the same conditions. With GOMAXPROCS 2 one of both cores also has the load.", scale)
	section("A crowd", fmt.Sprintf("Clients that connect at the same time, each of which asks as soon as it can and then %d times more, with the server on one core and the clients on the other ones. The time of a first answer begins with all of them.", crowdAsks-1), r.crowds())
	section("Cores", "Requests of 17 B a second, with half of the cores for the server and half for the load (wrk), one server after the other.", r.throughputs())
	section("Soak", "The object, small requests over 64 connections, at the rate at which its core is busy for 80 % of the time: it is adjusted five times a second, since what a shared machine can do rises and falls.", r.soak())
	section("Not measured", "", r.notMeasured())
	page.WriteString("\n" + keep(before))
	return page.String()
}

// keep returns the text of a page that is written by hand.
func keep(before string) string {
	if at := strings.Index(before, tried); at >= 0 {
		return before[at:]
	}
	return tried + "\n\nNothing is written here yet.\n"
}

func (r *results) writeRuns(page *strings.Builder) {
	fmt.Fprintf(page, "\n%s\n\n", r.Machine)
	var versions []string
	for _, p := range slices.Concat(peers, lambdaRows) {
		if v := r.Versions[p.name]; v != "" && !slices.Contains(versions, v) {
			versions = append(versions, v)
		}
	}
	fmt.Fprintf(page, "%s.\n\n| Part | Command, in bench | Took |\n|---|---|---|\n", strings.Join(versions, ", "))
	for _, p := range parts {
		if command := r.Commands[p.name]; command != "" {
			fmt.Fprintf(page, "| %s | `%s` | %s |\n", p.name, strings.TrimSpace(command), r.Took[p.name])
		}
	}
}

// machine describes the machine.
func machine() string {
	model := "an unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo") // without it the name is missing
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	kernel, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
	return fmt.Sprintf("%d cores of %s, Linux %s, %s %s/%s.", runtime.NumCPU(), model, kernel, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// title returns the title of a row.
func title(row string) string {
	variants := []peer{rows, handRows, accessLog, lowMemory, wide("1"), wide("200")}
	for _, p := range slices.Concat(peers, variants, lambdaRows) {
		if p.name == row {
			return p.title
		}
	}
	return row
}

// sentence says in which figures other servers are better.
func (r *results) sentence() string {
	var better []string
	for _, p := range peers {
		if p.name == limit.name || strings.HasPrefix(p.name, "hand") || p.module == "" && strings.Contains(p.title, "**") {
			continue // the limit is no peer: it checks nothing
		}
		for _, ours := range []peer{object, typed} {
			for _, b := range bodies() {
				c, measured := r.cost(p.name, limit.name, b.name, someConnections)
				o, oursMeasured := r.cost(ours.name, limit.name, b.name, someConnections)
				if measured && oursMeasured && c.Ratio.Median < o.Ratio.Median {
					better = append(better, fmt.Sprintf("%s (%s) than %s (%s) with %s", p.title, figure(c.Ratio.Median), ours.name, figure(o.Ratio.Median), b.name))
				}
			}
		}
	}
	if len(better) == 0 {
		return "No peer that was measured takes less than apiphant's object or typed actions with any of the bodies, at 64 connections. What is written by hand on fasthttp is no peer: it checks, limits and counts nothing."
	}
	return "A peer takes less at 64 connections: " + strings.Join(better, "; ") + ". With all others and all other bodies apiphant takes less."
}

// overLimit returns the table of all rows.
func (r *results) overLimit() string {
	var table strings.Builder
	table.WriteString("| |")
	for _, connections := range []int{someConnections, manyConnections} {
		for _, b := range bodies() {
			fmt.Fprintf(&table, " %s, %d |", b.name, connections)
		}
	}
	table.WriteString(" µs, 17 B |\n|---" + strings.Repeat("|---", 2*len(bodies())+1) + "|\n")
	for _, p := range peers[1:] {
		line, any, micros := "| "+p.title+" |", false, ""
		for _, connections := range []int{someConnections, manyConnections} {
			for _, b := range bodies() {
				c, ok := r.cost(p.name, limit.name, b.name, connections)
				if !ok {
					line += " |"
					continue
				}
				any = true
				line += " " + c.Ratio.String() + " |"
				micros = cmp.Or(micros, figure(c.Micros.Median))
			}
		}
		if any {
			table.WriteString(line + " " + micros + " |\n")
		}
	}
	return table.String()
}

// pairs returns the table of a part's pairs.
func (r *results) pairs(part string) string {
	var table strings.Builder
	for _, c := range r.Costs {
		if c.Part == part {
			fmt.Fprintf(&table, "| %s | %s | %s | %d | %s | %s | %s | %s |\n", title(c.Row), title(c.Over), c.Body, c.Connections, c.Setting, c.Ratio, figure(c.Micros.Median), figure(c.OverMicros.Median))
		}
	}
	if table.Len() == 0 {
		return ""
	}
	return "| | over | body | connections | | factor | µs | of the other |\n|---|---|---|---|---|---|---|---|\n" + table.String()
}

func (r *results) idles() string {
	var table strings.Builder
	for _, i := range r.Idles {
		fmt.Fprintf(&table, "| %s | %d | %.1f | %.1f |\n", title(i.Row), i.Connections, i.Grown/1000, i.Whole/1000)
	}
	if table.Len() == 0 {
		return ""
	}
	return "| | connections | KB for each | with the process itself |\n|---|---|---|---|\n" + table.String()
}

func (r *results) latencies() string {
	var table strings.Builder
	for _, l := range r.Latencies {
		share := fmt.Sprintf("%.0f %%", 100*l.Share)
		if l.Change > changed {
			share += fmt.Sprintf(", which changed by %.0f %%", 100*l.Change)
		}
		fmt.Fprintf(&table, "| %s | %s | %.0f | %s | %s | %s | %d | %s |\n", title(l.Row), share, l.Rate, span(l.P50), span(l.P99), span(l.P999), l.Unanswered, span(l.Late))
	}
	if table.Len() == 0 {
		return ""
	}
	return "| | of what it can | requests/s | p50 | p99 | p99.9 | unanswered | late |\n|---|---|---|---|---|---|---|---|\n" + table.String()
}

func (r *results) soak() string {
	var table strings.Builder
	for i, m := range r.Soak {
		fmt.Fprintf(&table, "| %d | %.0f | %.0f %% | %s | %s | %s | %.1f MB | %d | %d |\n", i+1, m.Rate, 100*m.Busy, span(m.P50), span(m.P99), span(m.P999), float64(m.Resident)/1e6, m.Goroutines, m.Unanswered)
	}
	if table.Len() == 0 {
		return ""
	}
	return "| minute | requests/s | busy | p50 | p99 | p99.9 | resident | goroutines | unanswered |\n|---|---|---|---|---|---|---|---|---|\n" + table.String()
}

func (r *results) crowds() string {
	var table strings.Builder
	for _, c := range r.Crowds {
		fmt.Fprintf(&table, "| %s | %d | %s | %s | %s | %s | %.0f MB | %d |\n", title(c.Row), c.Connections, span(c.Connected), span(c.First), span(c.FirstP99), span(c.P99), float64(c.Resident)/1e6, c.Lost)
	}
	if table.Len() == 0 {
		return ""
	}
	return "| | clients | connected | first answer | p99 of it | p99 of the next | resident | lost |\n|---|---|---|---|---|---|---|---|\n" + table.String()
}

func (r *results) throughputs() string {
	var table strings.Builder
	for _, t := range r.Throughputs {
		fmt.Fprintf(&table, "| %s | %d | %d | %.0f |\n", title(t.Row), t.Cores, t.Connections, t.Rate)
	}
	if table.Len() == 0 {
		return ""
	}
	return "| | cores | connections | requests/s |\n|---|---|---|---|\n" + table.String()
}

func (r *results) notMeasured() string {
	var list strings.Builder
	for _, m := range r.Missing {
		fmt.Fprintf(&list, "* %s, %s: %s\n", m.Part, title(m.What), strings.Join(strings.Fields(m.Why), " "))
	}
	return list.String()
}

func span(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%s ms", figure(float64(d)/float64(time.Millisecond)))
}
