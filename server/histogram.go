package server

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// histogram counts values by how large they are. Unlike Prometheus' own it is
// counted in whole numbers, without a lock or a loop around its sum.
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

// metric returns what was counted, in units of so many.
func (h *histogram) metric(desc *prometheus.Desc, unit float64, labels ...string) prometheus.Metric {
	buckets, count := make(map[float64]uint64, len(h.bounds)), uint64(0)
	for i, bound := range h.bounds {
		count += h.counts[i].Load()
		buckets[float64(bound)/unit] = count
	}
	count += h.counts[len(h.bounds)].Load()
	return prometheus.MustNewConstHistogram(desc, count, float64(h.sum.Load())/unit, buckets, labels...)
}
