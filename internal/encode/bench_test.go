package encode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/apiphant/apiphant/internal/encode"
)

// BenchmarkObject encodes objects as they come most, and those for which a guess of
// the encoder is wrong.
func BenchmarkObject(b *testing.B) {
	for _, c := range []struct {
		name    string
		objects []map[string]any // encoded by turns
	}{
		{"17B", []map[string]any{{"hello": "world"}}},
		{"1KB", []map[string]any{{"records": recordObjects(4)}}},
		{"100KB", []map[string]any{{"records": recordObjects(420)}}},
		{"newkeys", newKeys()},
		{"rare", []map[string]any{{"records": rareObjects(4)}}},
	} {
		var buffer bytes.Buffer
		encoder := encode.NewEncoder(&buffer)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				buffer.Reset()
				if err := encoder.Encode(c.objects[i%len(c.objects)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func recordObjects(n int) (list []any) {
	for i := range n {
		list = append(list, map[string]any{
			"id": json.Number(fmt.Sprint(i)), "name": "Ann Example", "email": "ann@example.com", "active": true, "score": json.Number("1.25"),
			"tags": []any{"red", "green", "a longer tag"}, "address": map[string]any{"street": "1 Long Street", "city": "Springfield", "zip": "12345"},
			"counts": []any{json.Number("1"), json.Number("0")},
		})
	}
	return list
}

// newKeys returns objects of 20 keys, none of which is in two of them.
func newKeys() (objects []map[string]any) {
	for i := range 64 {
		object := map[string]any{}
		for j := range 20 {
			object[fmt.Sprintf("key %d", i*20+j)] = "value"
		}
		objects = append(objects, object)
	}
	return objects
}

// rareObjects are records with texts that are not ASCII, numbers of many places, and
// numbers that a function has computed.
func rareObjects(n int) (list []any) {
	for i := range n {
		list = append(list, map[string]any{
			"id": 1234567890 + i, "name": "Zoë Müller-Lüdenscheidt", "quote": "\"So\", she said,\n\"be it\"", "third": float64(i+1) / 3,
			"large": 1e22 / float64(i+7), "counts": []any{int64(123456), 1234567},
		})
	}
	return list
}
