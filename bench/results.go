package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// results are all that was measured, as they are kept beside the page.
type results struct {
	Machine   string
	Commands  map[string]string // by part: what measured it
	Took      map[string]string // by part
	Versions  map[string]string // by row
	Missing   []missing
	Costs     []cost
	Idles     []idle
	Latencies []latency
	Soak      []minute
}

// cost is the processor time of a row's requests, beside another row's.
type cost struct {
	Part, Row, Over string
	Body            string
	Connections     int
	Setting         string `json:",omitempty"` // what is special
	Ratio           Spread // of both, in the same seconds
	Micros          Spread // a request of the row
	OverMicros      Spread // a request of the other
}

// idle is the memory of connections that wait.
type idle struct {
	Part, Row   string
	Connections int
	Grown       float64 // bytes for each, more than before
	Whole       float64 // bytes of the whole process, for each
}

// latency is how long requests took that came at a fixed rate.
type latency struct {
	Part, Row      string
	Share, Rate    float64 // of what the server can do; requests a second
	Change         float64 // of what it can do, from before to after
	P50, P99, P999 time.Duration
	Late           time.Duration // p99.9 of what the load itself came too late
	Unanswered     int
}

// minute is one of a soak.
type minute struct {
	Part           string
	Rate           float64 // requests a second
	Busy           float64 // the share of the time that the core was
	P50, P99, P999 time.Duration
	Resident       int64
	Goroutines     int
	Unanswered     int
}

// missing is something that could not be measured.
type missing struct{ Part, What, Why string }

func newResults() *results {
	return &results{Commands: map[string]string{}, Took: map[string]string{}, Versions: map[string]string{}}
}

// loadResults reads those of earlier runs; there may be none.
func loadResults(file string) (*results, error) {
	r := newResults()
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, r)
	}
	return r, err
}

func (r *results) save(file string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// forget removes what an earlier run has measured of a part.
func (r *results) forget(part string) {
	r.Missing = slices.DeleteFunc(r.Missing, func(m missing) bool { return m.Part == part })
	r.Costs = slices.DeleteFunc(r.Costs, func(c cost) bool { return c.Part == part })
	r.Idles = slices.DeleteFunc(r.Idles, func(i idle) bool { return i.Part == part })
	r.Latencies = slices.DeleteFunc(r.Latencies, func(l latency) bool { return l.Part == part })
	r.Soak = slices.DeleteFunc(r.Soak, func(m minute) bool { return m.Part == part })
}

// cost returns what was measured of a row beside another, by the first part that
// did; ok is false where nothing was.
func (r *results) cost(row, over, body string, connections int) (found cost, ok bool) {
	for _, p := range parts {
		for _, c := range r.Costs {
			if c.Part == p.name && c.Row == row && c.Over == over && c.Body == body && c.Connections == connections && c.Setting == "" {
				return c, true
			}
		}
	}
	return cost{}, false
}

func (r *results) idle(row string) (found idle, ok bool) {
	for _, i := range r.Idles {
		if i.Row == row {
			return i, true
		}
	}
	return idle{}, false
}
