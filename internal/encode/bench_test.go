package encode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/apiphant/apiphant/internal/encode"
)

// BenchmarkObject encodes objects.
func BenchmarkObject(b *testing.B) {
	for _, n := range []int{0, 4, 420} {
		var list []any
		for i := range n {
			list = append(list, map[string]any{
				"id": json.Number(fmt.Sprint(i)), "name": "Ann Example", "email": "ann@example.com", "active": true, "score": json.Number("1.25"),
				"tags": []any{"red", "green", "a longer tag"}, "address": map[string]any{"street": "1 Long Street", "city": "Springfield", "zip": "12345"},
				"counts": []any{json.Number("1"), json.Number("0")},
			})
		}
		object := map[string]any{"hello": "world"}
		if n > 0 {
			object["records"] = list
		}
		var buffer bytes.Buffer
		encoder := encode.NewEncoder(&buffer)
		b.Run(fmt.Sprint(n, "records"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buffer.Reset()
				if err := encoder.Encode(object); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
