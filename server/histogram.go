package server

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// histogram counts values by their size. Prometheus' own histogram adds to a sum
// of floating-point numbers in a loop; this one adds whole numbers.
type histogram struct {
	bounds []int64 // ascending; a value counts under the first that is not below it
	counts []atomic.Uint64
	sum    atomic.Int64
}

func newHistogram(bounds []int64) histogram {
	return histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

func (h *histogram) observe(value int64) {
	at := 0
	for at < len(h.bounds) && value > h.bounds[at] {
		at++
	}
	h.counts[at].Add(1)
	if value != 0 {
		h.sum.Add(value)
	}
}

// totals are the sums of several histograms with the same bounds.
type totals struct {
	bounds []int64
	counts []uint64
	sum    int64
}

func newTotals(bounds []int64) totals {
	return totals{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

func (t *totals) add(h *histogram) {
	for i := range h.counts {
		t.counts[i] += h.counts[i].Load()
	}
	t.sum += h.sum.Load()
}

// metric returns what was counted; values are divided by unit.
func (t *totals) metric(desc *prometheus.Desc, unit float64, labels ...string) prometheus.Metric {
	buckets, count := make(map[float64]uint64, len(t.bounds)), uint64(0)
	for i, bound := range t.bounds {
		count += t.counts[i]
		buckets[float64(bound)/unit] = count
	}
	count += t.counts[len(t.bounds)]
	return prometheus.MustNewConstHistogram(desc, count, float64(t.sum)/unit, buckets, labels...)
}
