package main

import (
	"fmt"
	"slices"
)

// Spread summarises several rounds: the median and the quartiles.
type Spread struct {
	Median, Low, High float64
	Rounds            int
}

// spread returns the Spread of values, which is zero if there are none.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Spread{quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75), len(sorted)}
}

// quantile returns the p-quantile of sorted values, interpolated between the two
// nearest (Hyndman and Fan's type 7, the default of R).
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}

func (s Spread) String() string {
	if s.Rounds < 2 {
		return figure(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", figure(s.Median), figure(s.Low), figure(s.High))
}

// figure formats a number with three significant digits.
func figure(v float64) string {
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
