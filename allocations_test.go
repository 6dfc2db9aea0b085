//go:build !stdjson

package apiphant_test

import "testing"

// TestCallAllocations: what is pooled is now and then not there, so the fewest
// allocations of some calls count.
func TestCallAllocations(t *testing.T) {
	for _, s := range stages {
		call, fewest := stage(t, s.action, s.body, s.status), 1e9
		for range 100 {
			fewest = min(fewest, testing.AllocsPerRun(1, call))
		}
		if fewest > s.allocations {
			t.Errorf("%s: got %v allocations, want at most %v", s.name, fewest, s.allocations)
		}
	}
}
