package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The dimensions of the charts, in pixels.
const (
	chartLabel  = 230 // the names at the left
	chartPanel  = 210 // one of the three bodies
	chartGap    = 50  // behind it: the figure of its longest bar
	chartRow    = 22
	chartTop    = 64
	chartBottom = 16
)

const chartStyle = `text { font: 13px system-ui, sans-serif; fill: #24292f }
rect.ours { fill: #c2410c } rect.others { fill: #8b949e } .figure { font-size: 12px } .ours-text { font-weight: 600 }
.line { stroke: #8b949e; stroke-opacity: .4 } .curve { fill: none; stroke-width: 2 } .curve.ours { stroke: #c2410c } .curve.others { stroke: #8b949e }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } rect.ours { fill: #fb923c } rect.others { fill: #6e7681 } }`

// chart draws the cost of each row, as a multiple of the limit, with a panel for each
// body, as SVG. Each panel has a logarithmic scale of its own.
func (r *results) chart() string {
	var rows []peer
	for _, p := range peers[1:] {
		if slices.ContainsFunc(bodies(), func(b body) bool {
			_, ok := r.cost(p.name, limit.name, b.name, someConnections)
			return ok
		}) {
			rows = append(rows, p)
		}
	}
	width := chartLabel + len(bodies())*(chartPanel+chartGap)
	height := chartTop + chartRow*len(rows) + chartBottom
	var svg strings.Builder
	fmt.Fprintf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height)
	fmt.Fprintf(&svg, "<title>Processor time of a request over static bytes on fasthttp; less is better</title>\n<style>%s</style>\n", chartStyle)
	fmt.Fprintf(&svg, "<text x=\"0\" y=\"18\" class=\"ours-text\">Processor time of a request, as a factor of static bytes on fasthttp. Less is better; logarithmic.</text>\n")
	for i, p := range rows {
		fmt.Fprintf(&svg, "<text x=\"0\" y=\"%d\"%s>%s</text>\n", chartTop+chartRow*i+14, class(p, " class=\"ours-text\"", ""), html.EscapeString(short(p)))
	}
	for i, b := range bodies() {
		r.panel(&svg, rows, b.name, chartLabel+i*(chartPanel+chartGap))
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

// panel draws the bars of one body, scaled so that the longest fits.
func (r *results) panel(svg *strings.Builder, rows []peer, body string, x int) {
	longest := 0.1
	for _, p := range rows {
		c, _ := r.cost(p.name, limit.name, body, someConnections)
		longest = max(longest, math.Log(max(1, c.Ratio.Median)))
	}
	fmt.Fprintf(svg, "<text x=\"%d\" y=\"%d\">%s</text>\n", x, chartTop-14, body)
	fmt.Fprintf(svg, "<path class=\"line\" d=\"M%d.5 %dV%d\"/>\n", x, chartTop-6, chartTop+chartRow*len(rows))
	for i, p := range rows {
		c, ok := r.cost(p.name, limit.name, body, someConnections)
		if !ok {
			continue
		}
		y, long := chartTop+chartRow*i, max(1, chartPanel*math.Log(max(1, c.Ratio.Median))/longest)
		fmt.Fprintf(svg, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"%s\"/>\n", x, y, long, chartRow-5, class(p, "ours", "others"))
		fmt.Fprintf(svg, "<text x=\"%.1f\" y=\"%d\" class=\"figure\">%s</text>\n", float64(x)+long+5, y+13, figure(c.Ratio.Median))
	}
}

func class(p peer, ours, others string) string {
	if strings.Contains(p.title, "**") {
		return ours
	}
	return others
}

// short returns a title that fits.
func short(p peer) string {
	name := strings.ReplaceAll(p.title, "**", "")
	name, _, _ = strings.Cut(name, ", by hand")
	return strings.NewReplacer("encoding/json", "json", "into a ", "", " (JSON, structpb)", "").Replace(name)
}
