package validation_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/validation"
)

// show prints what a caller would get.
func show(err error) {
	var e *apiphant.Error
	if errors.As(err, &e) {
		body, _ := json.Marshal(e.Detail)
		fmt.Printf("%d {\"error\":%s}\n", e.Status, body)
	}
}

func ExampleField() {
	request := apiphant.Object{"id": json.Number("7"), "name": "Ann"}
	id, err := validation.Field[int](request, "id", validation.Required(), validation.Min(1))
	fmt.Println(id, err)
	_, err = validation.Field[int](request, "name")
	show(err)
	// Output:
	// 7 <nil>
	// 400 {"error":{"field":"name","state":"invalid"}}
}

func ExampleField_subfield() {
	request := apiphant.Object{"sub": map[string]any{"x": json.Number("1.5")}}
	x, err := validation.Field[float64](request, "sub.x")
	fmt.Println(x, err)
	_, err = validation.Field[float64](request, "sub.y", validation.Required())
	show(err)
	// Output:
	// 1.5 <nil>
	// 400 {"error":{"field":"sub.y","state":"missing"}}
}

func ExampleField_list() {
	request := apiphant.Object{"ids": []any{json.Number("1"), json.Number("2"), "three"}}
	_, err := validation.Field[[]int](request, "ids")
	show(err)
	// Output: 400 {"error":{"field":"ids[2]","state":"invalid"}}
}

func ExampleField_absent() {
	limit, err := validation.Field[*int](apiphant.Object{}, "limit")
	fmt.Println(limit, err)
	// Output: <nil> <nil>
}

func ExampleRequired() {
	_, err := validation.Field[bool](apiphant.Object{}, "ok", validation.Required())
	show(err)
	ok, err := validation.Field[bool](apiphant.Object{"ok": false}, "ok", validation.Required())
	fmt.Println(ok, err)
	// Output:
	// 400 {"error":{"field":"ok","state":"missing"}}
	// false <nil>
}

func ExampleDefault() {
	limit, err := validation.Field[int](apiphant.Object{}, "limit", validation.Default(10))
	fmt.Println(limit, err)
	// Output: 10 <nil>
}

func ExampleValue() {
	_, err := validation.Field[bool](apiphant.Object{"agreed": false}, "agreed", validation.Value(true))
	show(err)
	// Output: 400 {"error":{"field":"agreed","state":"invalid"}}
}

func ExampleOneOf() {
	order, err := validation.Field[string](apiphant.Object{"order": "asc"}, "order", validation.OneOf("asc", "desc"))
	fmt.Println(order, err)
	// Output: asc <nil>
}

func ExampleLength() {
	_, err := validation.Field[string](apiphant.Object{"country": "Deutschland"}, "country", validation.Length(2))
	show(err)
	// Output: 400 {"error":{"field":"country","state":"invalid"}}
}

func ExampleMinLength() {
	_, err := validation.Field[[]any](apiphant.Object{"lines": []any{}}, "lines", validation.MinLength(1))
	show(err)
	// Output: 400 {"error":{"field":"lines","state":"invalid"}}
}

func ExampleMaxLength() {
	name, err := validation.Field[string](apiphant.Object{"name": "Zoë"}, "name", validation.MaxLength(3))
	fmt.Println(name, err)
	// Output: Zoë <nil>
}

func ExampleMin() {
	_, err := validation.Field[int](apiphant.Object{"count": json.Number("0")}, "count", validation.Min(1))
	show(err)
	// Output: 400 {"error":{"field":"count","state":"invalid"}}
}

func ExampleMax() {
	share, err := validation.Field[float64](apiphant.Object{"share": json.Number("0.5")}, "share", validation.Max(1))
	fmt.Println(share, err)
	// Output: 0.5 <nil>
}

func ExamplePattern() {
	code := validation.Pattern(`^[A-Z]{3}$`)
	_, err := validation.Field[string](apiphant.Object{"code": "abc"}, "code", code)
	show(err)
	// Output: 400 {"error":{"field":"code","state":"invalid"}}
}

func ExampleFormat() {
	_, err := validation.Field[string](apiphant.Object{"email": "ann"}, "email", validation.Format("email"))
	show(err)
	// Output: 400 {"error":{"field":"email","state":"invalid"}}
}

func ExampleCheck() {
	even := validation.Check(func(value any) error {
		if value.(int)%2 != 0 {
			return errors.New("odd")
		}
		return nil
	})
	_, err := validation.Field[int](apiphant.Object{"n": json.Number("3")}, "n", even)
	show(err)
	// Output: 400 {"error":{"field":"n","state":"invalid"}}
}

func ExampleExplain() {
	_, err := validation.Field[string](apiphant.Object{"password": "x"}, "password",
		validation.MinLength(8), validation.Explain("at least 8 characters"))
	show(err)
	// Output: 400 {"error":{"field":"password","state":"invalid","explain":"at least 8 characters"}}
}

func ExampleMissing() {
	show(validation.Missing("id"))
	// Output: 400 {"error":{"field":"id","state":"missing"}}
}

func ExampleInvalid() {
	show(validation.Invalid("id", -1))
	// Output: 400 {"error":{"field":"id","state":"invalid","explain":-1}}
}

func ExampleBadRequest() {
	show(validation.BadRequest("email", "taken", "sign in instead"))
	// Output: 400 {"error":{"field":"email","state":"taken","explain":"sign in instead"}}
}
