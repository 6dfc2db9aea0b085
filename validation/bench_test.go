package validation_test

import (
	"encoding/json"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/validation"
)

// BenchmarkField reads three fields, with rules made by each call and with such that
// are kept.
func BenchmarkField(b *testing.B) {
	request := apiphant.Object{"id": json.Number("17"), "name": "Ann Example", "kind": "left"}
	read := func(b *testing.B, id, name, kind []validation.Rule) {
		_, err := validation.Field[int](request, "id", id...)
		_, err2 := validation.Field[string](request, "name", name...)
		_, err3 := validation.Field[string](request, "kind", kind...)
		if err != nil || err2 != nil || err3 != nil {
			b.Fatal(err, err2, err3)
		}
	}
	rules := func() (id, name, kind []validation.Rule) {
		return []validation.Rule{validation.Required(), validation.Min(1), validation.Max(100)},
			[]validation.Rule{validation.Required(), validation.MinLength(1), validation.MaxLength(100)},
			[]validation.Rule{validation.OneOf("left", "right")}
	}
	b.Run("each call", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			id, name, kind := rules()
			read(b, id, name, kind)
		}
	})
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		id, name, kind := rules()
		for b.Loop() {
			read(b, id, name, kind)
		}
	})
}
