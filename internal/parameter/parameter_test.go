package parameter_test

import (
	"fmt"
	"maps"
	"runtime"
	"testing"

	"github.com/apiphant/apiphant/internal/parameter"
)

func TestIs(t *testing.T) {
	object := map[string]any{"id": parameter.Value("7"), "empty": parameter.Value(""), "json": string([]byte{'7'}), "constant": "7", "none": ""}
	object = maps.Clone(object)
	for name, want := range map[string]bool{"id": true, "empty": true, "json": false, "constant": false, "none": false} {
		if got := parameter.Is(object[name]); got != want {
			t.Errorf("Is(%s) is %t", name, got)
		}
	}
	if object["id"] != "7" || fmt.Sprint(object["empty"]) != "" {
		t.Errorf("the values are %q", object)
	}
	if parameter.Is(7) || parameter.Is(nil) {
		t.Error("what is no string is a parameter")
	}
}

// An address that is used again stands for no parameter.
func TestIsAfterReuse(t *testing.T) {
	var kept []any
	for range 20 {
		for range 1000 {
			parameter.Value("12345678")
		}
		runtime.GC()
		for range 1000 {
			kept = append(kept, any(string([]byte("12345678"))))
		}
	}
	for _, text := range kept {
		if parameter.Is(text) {
			t.Fatal("a text of no parameter is one")
		}
	}
	runtime.KeepAlive(kept)
}

func BenchmarkValue(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parameter.Value("12345678")
	}
}
