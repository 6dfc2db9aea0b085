package main

import "testing"

// TestCount: wrk's numbers are only taken where the work was done.
func TestCount(t *testing.T) {
	const (
		fine     = "Running 2s test\n  Thread Stats   Avg\n  123456 requests in 2.00s, 15.00MB read\nRequests/sec: 61728.00\n"
		errors   = "  123456 requests in 2.00s, 15.00MB read\n  Socket errors: connect 0, read 12, write 0, timeout 0\n"
		statuses = "  10 requests in 2.00s, 15.00MB read\n  Non-2xx or 3xx responses: 10\n"
		some     = "  10 requests in 2.00s, 15.00MB read\n  Non-2xx or 3xx responses: 1\n"
	)
	tests := []struct {
		name    string
		printed string
		refused bool
		want    int64 // 0: an error
	}{
		{"all answered", fine, false, 123456},
		{"connections broken", errors, false, 0},
		{"refused", statuses, false, 0},
		{"refused as wanted", statuses, true, 10},
		{"some refused", some, false, 0},
		{"some refused, all wanted so", some, true, 0},
		{"answered, refusals wanted", fine, true, 0},
		{"none", "  0 requests in 2.00s, 0B read\n", false, 0},
		{"nothing said", "unable to connect", false, 0},
	}
	for _, tt := range tests {
		got, err := load{refused: tt.refused}.count(tt.printed)
		if got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("%s: got %d, %v, want %d", tt.name, got, err, tt.want)
		}
	}
}
