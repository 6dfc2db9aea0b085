package main

import (
	"slices"
	"testing"
)

func TestSpread(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		want   Spread
	}{
		{"none", nil, Spread{}},
		{"one", []float64{3}, Spread{3, 3, 3, 1}},
		{"two", []float64{4, 2}, Spread{3, 2.5, 3.5, 2}},
		{"odd", []float64{5, 1, 4, 2, 3}, Spread{3, 2, 4, 5}},
		{"one far off", []float64{1, 1000, 1, 1, 1}, Spread{1, 1, 1, 5}},
	}
	for _, tt := range tests {
		given := slices.Clone(tt.values)
		if got := spread(tt.values); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
		if !slices.Equal(given, tt.values) {
			t.Errorf("%s: the rounds are in another order: %v", tt.name, tt.values)
		}
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{0.123: "0.12", 1.005: "1.00", 9.999: "10.0", 42.25: "42.2", 99.96: "100", 1234: "1234"} {
		if got := figure(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}
