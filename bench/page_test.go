package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// measuredCost is a cost of one body over the limit.
func measuredCost(row peer, ratio float64) cost {
	return cost{Part: "cost", Row: row.name, Over: limit.name, Body: "17 B", Connections: someConnections, Ratio: Spread{ratio, ratio, ratio, 5}}
}

// TestPage: bars that are met, missed and not measured are told as that, and what
// was written by hand stays.
func TestPage(t *testing.T) {
	r := newResults()
	r.Costs = []cost{measuredCost(typed, 1.3), measuredCost(object, 1.5), measuredCost(fiber, 1.4)}
	page := r.page("old\n## What was tried\n\nA thing, 3 % worse.\n")
	for _, want := range []string{
		"| typed echo, over static bytes, 17 B | 1.35 | 1.20 | 1.30 (1.30 to 1.30) | met | **missed** |",
		"| object echo, over static bytes, 17 B | 1.40 | 1.30 | 1.50 (1.50 to 1.50) | **missed** | **missed** |",
		"| object echo, over static bytes, 1 KB | 3.40 | 2.50 | not measured | | |",
		"A peer takes less at 64 connections: fiber v3 + go-json into a map (1.40) than object (1.50) with 17 B. With",
		"\n## What was tried\n\nA thing, 3 % worse.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has not %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "old") {
		t.Error("the page has what an earlier run wrote")
	}
}

// TestAlone: what a server takes with the core to itself is told, and is no bar's
// figure.
func TestAlone(t *testing.T) {
	r := newResults()
	c := measuredCost(typed, 1.1)
	c.Part, c.Setting = "alone", "alone"
	r.Costs = []cost{c}
	page := r.page("")
	if !strings.Contains(page, "## Alone") || !strings.Contains(page, "| alone | 1.10 (1.10 to 1.10) |") ||
		!strings.Contains(page, "| typed echo, over static bytes, 17 B | 1.35 | 1.20 | not measured | | |") {
		t.Errorf("got\n%s", page)
	}
}

// TestForget: a part's new figures replace its old ones, and no others.
func TestForget(t *testing.T) {
	r := newResults()
	other := measuredCost(object, 2)
	other.Part = "scale"
	r.Costs = []cost{measuredCost(object, 1.5), other}
	r.Missing = []missing{{"cost", "gin", "broken"}, {"scale", "gin", "broken"}}
	r.forget("cost")
	if len(r.Costs) != 1 || r.Costs[0].Part != "scale" || len(r.Missing) != 1 || r.Missing[0].Part != "scale" {
		t.Errorf("got %+v, want what is of scale", r)
	}
}

// TestChart: the chart is XML, and has a bar for each figure.
func TestChart(t *testing.T) {
	r := newResults()
	r.Costs = []cost{measuredCost(object, 1.5), measuredCost(fiber, 900)}
	chart := r.chart()
	if bars := elements(t, chart)["rect"]; bars != 2 || !strings.Contains(chart, ">900<") {
		t.Errorf("got %d bars, want 2, the longer with 900:\n%s", bars, chart)
	}
}

// TestCurve: the curves are XML, and there are none where nothing was measured.
func TestCurve(t *testing.T) {
	r := newResults()
	c := measuredCost(object, 1.5)
	r.Costs = []cost{c}
	if curve := r.curve(); curve != "" {
		t.Errorf("got %s, and nothing was measured of scale", curve)
	}
	c.Part, c.Micros, c.OverMicros = "scale", Spread{Median: 15}, Spread{Median: 10}
	r.Costs = append(r.Costs, c)
	if lines := elements(t, r.curve())["polyline"]; lines != 2 {
		t.Errorf("got %d lines, want the object's and the limit's", lines)
	}
}

// elements counts those of an XML document.
func elements(t *testing.T, document string) map[string]int {
	t.Helper()
	count := map[string]int{}
	for in := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		if element, ok := token.(xml.StartElement); ok {
			count[element.Name.Local]++
		}
	}
}

// TestCompare: only a server that does the work is measured.
func TestCompare(t *testing.T) {
	const request = `{"a":[1,{"b":"c"}]}`
	for answer, right := range map[string]bool{
		`{"server":"bench","a":[1,{"b":"c"}]}`:        true,
		`{"a":[1,{"b":"c"}],"server":"bench"}` + "\n": true,
		request:                                false,
		`{"server":"bench","a":[1,{"b":"d"}]}`: false,
		`{"server":"bench","a":[1,{"b":"c"}],"more":1}`: false,
		`{"server":"bench"}`:                            false,
		`no JSON`:                                       false,
	} {
		if err := compare(request, []byte(answer)); (err == nil) != right {
			t.Errorf("%s: got %v, right is %t", answer, err, right)
		}
	}
}
