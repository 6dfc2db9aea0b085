package main

import "testing"

// TestEnough: rounds of slow requests are longer, and never without end.
func TestEnough(t *testing.T) {
	for _, tt := range []struct {
		name        string
		connections int
		over, row   int64 // requests in a second
		want        rounds
	}{
		{"fast", 64, 50_000, 40_000, rounds{5, 2}},
		{"one is slow", 64, 50_000, 80, rounds{5, 4}},
		{"many connections", 1000, 50_000, 800, rounds{5, 7}},
		{"hardly any", 1000, 50_000, 3, rounds{1, maxSeconds}},
		{"a few", 1000, 50_000, 200, rounds{1, 25}},
		{"the other is slow", 64, 80, 50_000, rounds{5, 4}},
	} {
		m := measured{load: load{connections: tt.connections}}
		if got := (rounds{5, 2}).enough([2]measured{m, m}, [2]tally{{requests: warmSeconds * tt.over}, {requests: warmSeconds * tt.row}}, warmSeconds); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
