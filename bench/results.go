package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// results are all measurements, as they are stored beside the page.
type results struct {
	Machine   string
	Commands  map[string]string // by part: the command that measured it
	Took      map[string]string // by part
	Versions  map[string]string // by row
	Missing   []missing
	Costs     []cost
	Idles     []idle
	Latencies []latency
	Soak      []minute
	Starts    []start

	Crowds      []crowd
	Throughputs []throughput
}

// cost compares the processor time of the requests of two rows.
type cost struct {
	Part, Row, Over string
	Body            string
	Connections     int
	Setting         string `json:",omitempty"` // what differs from the defaults
	Ratio           Spread // of the two, in the same seconds
	Micros          Spread // per request of the row
	OverMicros      Spread // per request of the other row
}

// idle is the memory of idle connections.
type idle struct {
	Part, Row   string
	Connections int
	Grown       float64 // bytes per connection, beyond those before
	Whole       float64 // bytes of the whole process, per connection
}

// latency has the times of requests at a fixed rate.
type latency struct {
	Part, Row      string
	Share, Rate    float64 // of the server's capacity; requests a second
	Change         float64 // of the capacity, from before to after
	P50, P99, P999 time.Duration
	Late           time.Duration // the 99.9th percentile of the load's own delay
	Unanswered     int
}

// minute is one minute of a soak.
type minute struct {
	Part           string
	Rate           float64 // requests a second
	Busy           float64 // the share of the time that the core was busy
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

// loadResults reads the results of earlier runs, if there are any.
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

// forget removes the results of a part.
func (r *results) forget(part string) {
	r.Missing = slices.DeleteFunc(r.Missing, func(m missing) bool { return m.Part == part })
	r.Costs = slices.DeleteFunc(r.Costs, func(c cost) bool { return c.Part == part })
	r.Idles = slices.DeleteFunc(r.Idles, func(i idle) bool { return i.Part == part })
	r.Latencies = slices.DeleteFunc(r.Latencies, func(l latency) bool { return l.Part == part })
	r.Crowds = slices.DeleteFunc(r.Crowds, func(c crowd) bool { return c.Part == part })
	r.Throughputs = slices.DeleteFunc(r.Throughputs, func(t throughput) bool { return t.Part == part })
	r.Starts = slices.DeleteFunc(r.Starts, func(s start) bool { return s.Part == part })
	r.Soak = slices.DeleteFunc(r.Soak, func(m minute) bool { return m.Part == part })
}

// cost returns the comparison of two rows, of the first part that has one. ok reports
// whether there is one.
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
