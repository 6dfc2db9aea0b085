package main

import (
	"fmt"
	"math"
	"strings"
)

// What the curves are drawn in, in pixels.
const (
	curveWidth, curveHeight = 640, 360
	curveLeft, curveRight   = 70, 490
	curveTop, curveBottom   = 48, 320
)

// curveSizes are the bodies that are in it.
var curveSizes = []struct {
	name  string
	bytes float64
}{{"17 B", 17}, {"1 KB", 1e3}, {"10 KB", 1e4}, {"100 KB", 1e5}, {"1 MB", 1e6}}

func curveX(bytes float64) float64 {
	return curveLeft + (curveRight-curveLeft)*math.Log10(bytes/10)/5 // from 10 bytes to a million
}

func curveY(micros float64) float64 {
	return curveBottom - (curveBottom-curveTop)*math.Log10(min(max(micros, 1), 1e5))/5 // from 1 µs to 100 ms
}

// curve draws how the time of a request grows with its body, as SVG; "" where that
// was not measured. Both scales are logarithmic: a straight line is a power.
func (r *results) curve() string {
	lines := r.curveOf("apiphant, object", "ours", object, func(c cost) Spread { return c.Micros }) +
		r.curveOf("apiphant, typed", "ours", typed, func(c cost) Spread { return c.Micros }) +
		r.curveOf("static bytes", "others", object, func(c cost) Spread { return c.OverMicros })
	if lines == "" {
		return ""
	}
	var svg strings.Builder
	fmt.Fprintf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", curveWidth, curveHeight, curveWidth, curveHeight)
	fmt.Fprintf(&svg, "<title>Processor time of a request over the size of its body</title>\n<style>%s</style>\n", chartStyle)
	fmt.Fprintf(&svg, "<text x=\"0\" y=\"18\" class=\"ours-text\">Processor time of a request over the size of its body, both logarithmic</text>\n")
	for micros := 1.0; micros <= 1e5; micros *= 10 {
		fmt.Fprintf(&svg, "<path class=\"line\" d=\"M%d %.1fH%d\"/><text x=\"0\" y=\"%.1f\" class=\"figure\">%.0f µs</text>\n", curveLeft, curveY(micros), curveRight, curveY(micros)+4, micros)
	}
	for _, size := range curveSizes {
		fmt.Fprintf(&svg, "<text x=\"%.1f\" y=\"%d\" class=\"figure\">%s</text>\n", curveX(size.bytes)-14, curveBottom+26, size.name)
	}
	return svg.String() + lines + "</svg>\n"
}

// curveOf draws one of the lines, with its name at the end.
func (r *results) curveOf(name, class string, row peer, of func(cost) Spread) string {
	var points []string
	last := 0.0
	for _, size := range curveSizes {
		for _, c := range r.Costs {
			if c.Part == "scale" && c.Row == row.name && c.Body == size.name && c.Connections == someConnections && c.Setting == "" {
				last = curveY(of(c).Median)
				points = append(points, fmt.Sprintf("%.1f,%.1f", curveX(size.bytes), last))
			}
		}
	}
	if len(points) == 0 {
		return ""
	}
	return fmt.Sprintf("<polyline points=\"%s\" class=\"curve %s\"/>\n<text x=\"%d\" y=\"%.1f\">%s</text>\n", strings.Join(points, " "), class, curveRight+8, last+4, name)
}
