//go:build !stdjson

package encode_test

import (
	"bytes"
	"testing"

	"github.com/apiphant/apiphant/internal/encode"
)

// TestAllocations: plain values and structs are written without any, a map in a
// struct with one.
func TestAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		most  float64
	}{
		"17 B":          {&small{"world"}, 0},
		"1 KB":          {nested(), 0},
		"10 KB":         {list(42), 0},
		"maps":          {&labels{Labels: map[string]string{"b": "x", "a": "y"}, Counts: map[string]int{"n": 1}}, 2},
		"in interfaces": {&map[string]any{"b": []any{"a", 1.5, nil, map[string]any{"x": true}}, "a": nested()}, 0},
	} {
		var b bytes.Buffer
		encoder := encode.NewEncoder(&b)
		plan, _ := planOf(c.value)
		allocations := testing.AllocsPerRun(100, func() {
			b.Reset()
			if err := encoder.EncodePointer(plan, c.value); err != nil {
				t.Fatal(err)
			}
		})
		if allocations > c.most {
			t.Errorf("%s: got %v allocations, want at most %v", name, allocations, c.most)
		}
	}
}
