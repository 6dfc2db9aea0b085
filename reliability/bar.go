package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// unmeasured returns the row of something that could not be measured. It is not met.
func unmeasured(what string, err error) row {
	return row{what: what, bar: "is measured", measured: "not measured: " + err.Error()}
}

// all returns a row that is met if did equals of.
func all(what string, did, of int) row {
	return row{
		what:     what,
		bar:      fmt.Sprintf("all of %d", of),
		measured: fmt.Sprintf("%d of %d", did, of),
		met:      did == of && of > 0,
	}
}

// none returns a row that is met if something never happened in a number of tries.
func none(what string, happened, tries int) row {
	return row{
		what:     what,
		bar:      "0",
		measured: fmt.Sprintf("%d of %d", happened, tries),
		met:      happened == 0 && tries > 0,
	}
}

// within returns a row that is met if something took at most the time bar.
func within(what string, took, bar time.Duration) row {
	return row{what: what, bar: "at most " + span(bar), measured: span(took), met: took <= bar}
}

// megabytes returns a row that is met if a size is at most bar.
func megabytes(what string, bytes, bar int64) row {
	return row{what: what, bar: "at most " + size(bar), measured: size(bytes), met: bytes <= bar}
}

// atMostTimes returns a row that is met if during is at most bar times before.
func atMostTimes(what string, before, during time.Duration, bar float64) row {
	ratio := float64(during) / float64(max(before, 1))
	return row{
		what:     what,
		bar:      fmt.Sprintf("at most %g times", bar),
		measured: fmt.Sprintf("%.2f times (%s, before %s)", ratio, span(during), span(before)),
		met:      before > 0 && during > 0 && ratio <= bar,
	}
}

// because adds the first problem to a row that is not met.
func (r row) because(problems []string) row {
	if !r.met && len(problems) > 0 {
		r.measured += fmt.Sprintf(": %.200s", strings.Join(strings.Fields(problems[0]), " "))
	}
	return r
}

func span(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	}
}

func size(bytes int64) string { return fmt.Sprintf("%d MB", (bytes+500_000)/1_000_000) }

// percentile returns the p-th percentile, or the zero value if there are no values.
func percentile[T cmp.Ordered](values []T, p int) T {
	if len(values) == 0 {
		var none T
		return none
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func median[T cmp.Ordered](values []T) T { return percentile(values, 50) }
