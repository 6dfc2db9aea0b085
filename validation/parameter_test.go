package validation_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/parameter"
	"github.com/apiphant/apiphant/validation"
)

// The text of a path or a query stands for what the field is; that of JSON does not.
func TestFieldOfParameter(t *testing.T) {
	text := parameter.Value
	list := func(texts ...string) (values []any) {
		for _, t := range texts {
			values = append(values, parameter.Value(t))
		}
		return values
	}
	const invalid = "invalid"
	tests := []struct {
		value any
		field func(apiphant.Object) (any, error)
		want  string
	}{
		{text("42"), parameterOf[int], "42"},
		{text("-42"), parameterOf[*int64], "-42"},
		{text("1e2"), parameterOf[float64], "100"},
		{text("1.50"), parameterOf[json.Number], "1.50"},
		{text("true"), parameterOf[bool], "true"},
		{text("42"), parameterOf[string], "42"},
		{text("42"), parameterOf[any], "42"},
		{text("42"), parameterOf[[]int], "[42]"},
		{text("a"), parameterOf[[]string], "[a]"},
		{list("1", "2"), parameterOf[[]int], "[1 2]"},
		{list("1", "2"), parameterOf[int], "2"},
		{list("a", "b"), parameterOf[string], "b"},
		{list("a", "b"), parameterOf[any], "[a b]"},
		{text("42 "), parameterOf[int], invalid},
		{text(""), parameterOf[int], invalid},
		{text("+1"), parameterOf[int], invalid},
		{text("0x1"), parameterOf[int], invalid},
		{text("1_000"), parameterOf[int], invalid},
		{text("1.0"), parameterOf[int], invalid},
		{text("300"), parameterOf[int8], invalid},
		{text("1"), parameterOf[bool], invalid},
		{text("true"), parameterOf[int], invalid},
		{text(`"1"`), parameterOf[int], invalid},
		{text("null"), parameterOf[*int], invalid},
		{"42", parameterOf[int], invalid},
		{"true", parameterOf[bool], invalid},
		{"42", parameterOf[[]int], invalid},
		{[]any{"1", "2"}, parameterOf[int], invalid},
		{[]any{"1", "2"}, parameterOf[[]int], invalid},
	}
	for _, tt := range tests {
		got, err := tt.field(apiphant.Object{"f": tt.value}.Copy())
		switch {
		case tt.want == invalid && err == nil:
			t.Errorf("%q: got %v, want an error", tt.value, got)
		case tt.want != invalid && (err != nil || fmt.Sprint(got) != tt.want):
			t.Errorf("%q: got %v, %v, want %s", tt.value, got, err, tt.want)
		}
	}
}

func parameterOf[T any](request apiphant.Object) (any, error) {
	value, err := validation.Field[T](request, "f")
	if p, ok := any(value).(*int64); ok && p != nil {
		return *p, err
	}
	return value, err
}
