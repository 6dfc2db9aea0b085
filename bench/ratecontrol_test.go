package main

import (
	"math"
	"testing"
)

func TestCoreTime(t *testing.T) {
	const stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 10 50 800 20 1 4 15 70 7\ncpu1 1 0 1 6 0 0 0 0 0 0\nintr 5 0\n"
	tests := []struct {
		core int
		want coreTime
	}{
		{0, coreTime{idle: 820, all: 1000}},
		{1, coreTime{idle: 6, all: 8}},
	}
	for _, tt := range tests {
		if got, err := parseCoreTime(stat, tt.core); err != nil || got != tt.want {
			t.Errorf("core %d: got %v and %v, want %v", tt.core, got, err, tt.want)
		}
	}
	for _, wrong := range []string{"", "cpu 1 2 3 4 5 6\n", "cpu2 1\n", "cpu2 1 2 3 x 5\n"} {
		if got, err := parseCoreTime(wrong, 2); err == nil {
			t.Errorf("%q: got %v, want an error", wrong, got)
		}
	}
	if got := (coreTime{100, 1000}).busyUntil(coreTime{120, 1100}); math.Abs(got-0.8) > 1e-9 {
		t.Errorf("got %.3f, want 0.8: 20 of 100 were idle", got)
	}
}

// TestLoadKeeper settles at the rate of which the core can do the share that is
// wanted, however far away it begins, and also when the core becomes slower.
func TestLoadKeeper(t *testing.T) {
	k := rateController{share: 0.8}
	for _, start := range []float64{100, 10_000, 40_000} {
		rate := start
		for _, capacity := range []float64{10_000, 5_000, 20_000} {
			for range 40 {
				rate *= k.factor(min(1, rate/capacity))
			}
			if math.Abs(rate/capacity-k.share) > 0.01 {
				t.Errorf("from %.0f: got %.0f of %.0f a second, want %.0f %%", start, rate, capacity, 100*k.share)
			}
		}
	}
}
