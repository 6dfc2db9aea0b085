package doortest

import (
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/validation"
)

// addFields adds functions that read the fields of an Object one by one.
func addFields(read func(string, apiphant.Action)) {
	field(read, "any", func(r apiphant.Object) (any, error) {
		return validation.Field[any](r, "f", validation.Required())
	})
	field(read, "bool", func(r apiphant.Object) (any, error) { return validation.Field[bool](r, "f") })
	field(read, "int8", func(r apiphant.Object) (any, error) { return validation.Field[int8](r, "f") })
	field(read, "time", func(r apiphant.Object) (any, error) { return validation.Field[time.Time](r, "f") })
	field(read, "pointer", func(r apiphant.Object) (any, error) { return validation.Field[*int](r, "f") })
	field(read, "object", func(r apiphant.Object) (any, error) {
		return validation.Field[apiphant.Object](r, "f", validation.Required(), validation.MinLength(1))
	})
	field(read, "sub", func(r apiphant.Object) (any, error) {
		return validation.Field[float64](r, "sub.x", validation.Required(), validation.Max(1))
	})
	field(read, "rules", func(r apiphant.Object) (any, error) {
		return validation.Field[string](r, "f", validation.Default("none"), validation.MaxLength(5), validation.Pattern("^[^<]*$"),
			validation.Explain("5 at most"))
	})
	field(read, "list", func(r apiphant.Object) (any, error) {
		return validation.Field[[]int](r, "f", validation.Length(2))
	})
	field(read, "invalid", func(apiphant.Object) (any, error) { return nil, validation.Invalid("id", -1) })
	field(read, "missing", func(apiphant.Object) (any, error) { return nil, validation.Missing("a.b") })
	field(read, "state", func(apiphant.Object) (any, error) {
		return nil, validation.BadRequest("id", "taken", apiphant.Object{"by": "you"})
	})
}

// field adds a function that answers with the field's value.
func field(read func(string, apiphant.Action), name string, get func(apiphant.Object) (any, error)) {
	read("v0/fields/"+name, apiphant.FuncWithoutContext(func(request apiphant.Object) (apiphant.Object, error) {
		value, err := get(request)
		if err != nil {
			return nil, err
		}
		return apiphant.Object{"f": value}, nil
	}))
}
