package decode_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/decode"
)

// told are the problems as "path state", with what they explain.
func told(problems []decode.Problem) string {
	list := make([]string, len(problems))
	for i, p := range problems {
		list[i] = p.Path + " " + p.State
		if p.Explain != nil {
			list[i] += fmt.Sprintf(" (%v)", p.Explain)
		}
	}
	return strings.Join(list, ", ")
}

// strictly is [run] by a strict plan.
func strictly[T any](body string) func(t *testing.T) string {
	return func(t *testing.T) string {
		v := new(T)
		problems, err := compile[T](t).Strict().Decode([]byte(body), v)
		if err != nil {
			return err.Error()
		}
		return told(problems)
	}
}

func TestStrict(t *testing.T) {
	type many struct{ A, B, C, D, E, F, G, H, I, J int }
	wide := reflect.StructOf(manyFields())
	cases{
		"nothing wrong":                 {strictly[one[[]one[int]]](`{"v":[{"v":1},{"v":1}]}`), ``},
		"broken JSON wins":              {strictly[one[int]](`{"v":1,"v":2`), decode.ErrNotObject.Error()},
		"broken JSON in a second value": {strictly[one[int]](`{"v":1,"v":{]}`), decode.ErrNotObject.Error()},
		"broken JSON in an unknown one": {strictly[one[int]](`{"w":[}`), decode.ErrNotObject.Error()},
		"broken JSON in a message":      {strictly[one[raw]](`{"v":{"a":1,"a":01}}`), decode.ErrNotObject.Error()},
		"too deep in a message":         {strictly[one[raw]](`{"v":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`), decode.ErrNotObject.Error()},
		"twice":                         {strictly[one[int]](`{"v":1,"v":1}`), `v duplicate`},
		"three times":                   {strictly[one[int]](`{"v":1,"v":1,"v":1}`), `v duplicate`},
		"null twice":                    {strictly[one[*int]](`{"v":null,"v":null}`), `v duplicate`},
		"escaped":                       {strictly[one[int]](`{"v":1,"\u0076":1}`), `v duplicate`},
		"the second of a wrong type":    {strictly[one[int]](`{"v":1,"v":"x"}`), `v duplicate`},
		"the first of a wrong type":     {strictly[one[int]](`{"v":"x","v":1}`), `v invalid (map[type:integer])`},
		"the value before is wrong too": {strictly[one[one[int]]](`{"v":{"v":"x"},"v":{}}`), `v duplicate, v.v invalid (map[type:integer])`},
		"of a list's element":           {strictly[one[[]one[int]]](`{"v":[{},{"v":1,"v":1}]}`), `v[1].v duplicate`},
		"of an array's element":         {strictly[one[[2]one[int]]](`{"v":[{},{"v":1,"v":1}]}`), `v[1].v duplicate`},
		"behind a pointer":              {strictly[one[*one[int]]](`{"v":{"v":1,"v":1}}`), `v.v duplicate`},
		"in a map":                      {strictly[map[string]int](`{"a":1,"a":1}`), `a duplicate`},
		"below a map":                   {strictly[map[string]map[string]int](`{"k":{"a":1,"a":1}}`), `k.a duplicate`},
		"numbers as keys":               {strictly[map[int]int](`{"1":1,"01":1}`), `01 duplicate`},
		"in a map of any":               {strictly[map[string]any](`{"a":1,"a":1}`), `a duplicate`},
		"in any":                        {strictly[any](`{"a":[[{"b":1,"b":1}]]}`), `a[0][0].b duplicate`},
		"in a message":                  {strictly[one[raw]](`{"v":{"a":{"b":1,"b":1}}}`), `v.a.b duplicate`},
		"in text for UnmarshalJSON":     {strictly[one[swallows]](`{"v":{"a":1,"a":1}}`), `v.a duplicate`},
		"an empty key":                  {strictly[one[any]](`{"v":{"":1,"":1}}`), `v[""] duplicate`},
		"not in what is unknown":        {strictly[one[int]](`{"x":{"a":1,"a":1}}`), `x unknown`},
		"unknown":                       {strictly[one[int]](`{"v":1,"w":1}`), `w unknown`},
		"unknown twice":                 {strictly[one[int]](`{"w":1,"w":1}`), `w unknown`},
		"unknown in the middle":         {strictly[one[[]one[int]]](`{"b":1,"v":[{"w":1}],"a":1}`), `v[0].w unknown, a unknown, b unknown`},
		"unknown and missing":           {strictly[requires](`{"x":1}`), `v missing, x unknown`},
		"another letter case":           {strictly[one[int]](`{"V":1}`), `V unknown (v)`},
		"another letter case besides":   {strictly[one[int]](`{"v":1,"V":1}`), `V unknown (v)`},
		"a letter that folds":           {strictly[kelvin](`{"` + "\u212a" + `":1}`), "\u212a unknown (k)"},
		"of many":                       {strictly[many](`{"J":1,"j":1,"A":1,"A":1}`), `A duplicate, j unknown (J)`},
		"case is free in maps":          {strictly[map[string]int](`{"a":1,"A":1}`), ``},
		"a long key is shortened":       {strictly[one[int]](`{"` + strings.Repeat("k", 100) + `":1}`), strings.Repeat("k", 64) + "… unknown"},
		"more than words of bits": {func(t *testing.T) string {
			plan, err := decode.Compile(wide, nil)
			if err != nil {
				t.Fatal(err)
			}
			problems, err := plan.Strict().Decode([]byte(`{"f129":1,"f0":1,"f129":1}`), reflect.New(wide).Interface())
			return fmt.Sprint(told(problems), err)
		}, "f129 duplicate<nil>"},
	}.test(t)
}

type raw = json.RawMessage

type requires struct {
	V int `json:"v" required:"true"`
}

type kelvin struct {
	K int `json:"k"`
}

type swallows struct{}

func (*swallows) UnmarshalJSON([]byte) error { return nil }

// manyFields are more fields than presence has bits for without memory of its own.
func manyFields() (fields []reflect.StructField) {
	for i := range 130 {
		fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", i), Type: reflect.TypeFor[int](), Tag: reflect.StructTag(fmt.Sprintf(`json:"f%d"`, i))})
	}
	return fields
}

// TestStrictIsAPlanOfItsOwn: the one that it was made of stays as it was.
func TestStrictIsAPlanOfItsOwn(t *testing.T) {
	plan := compile[one[int]](t)
	plan.Strict()
	v := new(one[int])
	if problems, err := plan.Decode([]byte(`{"v":1,"v":2,"w":3}`), v); err != nil || problems != nil || v.V != 2 {
		t.Error(v.V, problems, err)
	}
}

func TestStrictObject(t *testing.T) {
	for body, want := range map[string]string{
		``:                              ``,
		`{}`:                            ``,
		`{"a":1,"A":1,"b":{"a":[]}}`:    ``,
		`{"a":1,"b":[{"a":2},{"a":2}]}`: ``,
		`{"a":1,"a":1}`:                 `a duplicate`,
		`{"a":1,"\u0061":1}`:            `a duplicate`,
		`{"b":[0,{"c":{"a":1,"a":1}}],"a":0,"a":0}`: `a duplicate, b[1].c.a duplicate`,
		`{"a":{"x":1,"x":1},"a":{"x":1,"x":1}}`:     `a duplicate, a.x duplicate`,
		`{"a":1,"a":1} x`:                           "not an object",
		`[]`:                                        "not an object",
		"{\"a\":\"\xff\"}":                          "not an object",
		`{"a":[` + strings.Repeat(`{"a":1,"a":1},`, 200) + `{}],"b":1}`: "100 of them",
	} {
		object, problems, err := decode.StrictObject([]byte(body))
		got := told(problems)
		switch {
		case errors.Is(err, decode.ErrNotObject):
			got = "not an object"
		case err != nil:
			t.Errorf("%s: %v", body, err)
		case len(problems) > 99:
			got = fmt.Sprint(len(problems), " of them")
		case len(problems) == 0:
			lenient, err := decode.Object([]byte(body))
			if diff := cmp.Diff(lenient, object); diff != "" || err != nil {
				t.Errorf("%s: %v %s", body, err, diff)
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}
