package encode_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"testing"

	"github.com/apiphant/apiphant/internal/encode"
	"github.com/apiphant/apiphant/internal/jsongen"
)

var (
	types = flag.Int("types", 1500, "how many Go types are tried against encoding/json")
	seed  = flag.Uint64("seed", 1, "the first seed that they are made of")
)

// TestDifferential encodes random values of random types: byte for byte what
// encoding/json writes of the same values without nil lists and maps, and an error
// where it has one.
func TestDifferential(t *testing.T) {
	encoded, refused := 0, 0
	for i := range uint64(*types) {
		g := jsongen.New(*seed+i, false)
		typ := g.Type()
		for range 4 {
			v := g.Value(typ)
			ok, wrong := compare(v)
			if wrong != "" {
				t.Fatalf("seed %d: %s", *seed+i, wrong)
			}
			if ok {
				encoded++
			} else {
				refused++
			}
		}
	}
	t.Logf("%d types; %d values were encoded alike, %d refused by both", *types, encoded, refused)
	if encoded < refused || refused == 0 {
		t.Error("want most to be encoded, and some to be refused")
	}
}

// TestWhatGoJSONDoesWrong has values of the types that must not be left to go-json,
// alone and inside of others.
func TestWhatGoJSONDoesWrong(t *testing.T) {
	number := big.NewInt(17)
	var bag = new(jsongen.Bag)
	*bag = jsongen.Bag{"a": 1}
	var marshaler json.Marshaler = number
	var loop any
	loop = map[string]any{"loop": &loop}
	for name, value := range map[string]any{
		"a pointer to a pointer to methods":     &number,
		"a pointer to a pointer to a map":       &bag,
		"a pointer to an interface":             &marshaler,
		"methods of pointers in an array":       [2]jsongen.Point{},
		"methods of pointers in a value":        *number,
		"keys that are no UTF-8 by methods":     map[jsongen.Either]int{jsongen.NewEither("\xff<"): 1, jsongen.NewEither("\U0001f600"): 2},
		"what contains itself, by any":          loop,
		"what nests deeper than anything would": deep(2000),
	} {
		for place, inside := range map[string]any{
			"alone":          value,
			"in an object":   map[string]any{"v": value},
			"in a list":      []any{1, value},
			"in a struct":    struct{ V any }{value},
			"behind it":      &struct{ V []any }{[]any{nil, value}},
			"in a typed map": map[string]struct{ V any }{"k": {value}},
			"in an array":    [1]any{value},
			"in a field":     inField(value),
		} {
			if _, wrong := compare(addressed(inside)); wrong != "" {
				t.Errorf("%s, %s: %.1000s", name, place, wrong)
			}
		}
	}
}

// inField is a struct that has a field of the value's own type.
func inField(v any) any {
	s := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "V", Type: reflect.TypeOf(v)}})).Elem()
	s.Field(0).Set(reflect.ValueOf(v))
	return s.Interface()
}

func deep(n int) (v any) {
	for range n {
		v = []any{v}
	}
	return v
}

func addressed(v any) reflect.Value {
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	return p.Elem()
}

// FuzzEncode is TestDifferential with the seeds that the fuzzer chooses.
func FuzzEncode(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := jsongen.New(seed, false)
		if _, wrong := compare(g.Value(g.Type())); wrong != "" {
			t.Fatal(wrong)
		}
	})
}

// FuzzPlain looks at what objects are made of.
func FuzzPlain(f *testing.F) {
	for _, text := range []string{"", "a", "<&>", "\x00\b\f\n\r\t\x1f\x7f\"\\/", "é\u2028\u2029\U0001f600", "\xff\xc3(", "\xed\xa0\x80", "\ufffd"} {
		for _, number := range []string{"", "0", "-0", "01", "1.", ".5", "1e400", "-1.25E+07", "1e", "1e+", "+1", "- 1", "12345678901234567890", "NaN", "1 "} {
			f.Add(text, number, 1e-7)
		}
	}
	for _, float := range []float64{0, math.Copysign(0, -1), 1e-6, 9.99e-7, 1e20, 1e21, 1e-10, 1e100, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(-1)} {
		f.Add("", "1", float)
	}
	f.Fuzz(func(t *testing.T, text, number string, float float64) {
		var none map[string]any
		for _, v := range []any{
			map[string]any{text: text, number: []any{float, nil, true, -1, int64(math.MinInt64)}, "": map[string]any{}},
			map[string]any{"list": []any(nil), "empty": []any{}, "object": none, "named": named{text: []any{}}, "b": 1, "a": 2, "ab": text},
			[]any{json.Number(number)},
			map[string]any{"n": named(nil), "p": &none, "u": uint8(3), "s": []string{text}, "t": struct{ V any }{named{number: text}}},
		} {
			if _, wrong := compare(addressed(v)); wrong != "" {
				t.Fatal(wrong)
			}
		}
	})
}

// named is what apiphant.Object is, too.
type named map[string]any

// TestEncoderGoesOn after an error and after a panic, as if nothing had been.
func TestEncoderGoesOn(t *testing.T) {
	var b bytes.Buffer
	encoder := encode.NewEncoder(&b)
	for _, wrong := range []any{
		map[string]any{"a": 1, "b": map[string]any{"c": json.Number("x")}},
		map[string]any{"a": 1, "b": []any{map[string]any{"c": func() {}}}},
		map[string]any{"a": map[string]any{"b": panics{}, "c": 1}},
	} {
		func() {
			defer func() { _ = recover() }()
			if err := encoder.Encode(wrong); err == nil || b.Len() > 0 {
				t.Errorf("%v: got %q, %v", wrong, b.String(), err)
			}
		}()
		b.Reset()
		if err := encoder.Encode(map[string]any{"z": "a", "y": map[string]any{"x": nil}}); err != nil || b.String() != "{\"y\":{\"x\":null},\"z\":\"a\"}\n" {
			t.Errorf("after %v: got %q, %v", wrong, b.String(), err)
		}
		b.Reset()
	}
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("on purpose") }

// compare encodes a value both ways, as it is, by its address, and inside of others.
func compare(v reflect.Value) (encoded bool, wrong string) {
	plan := encode.Compile(v.Type())
	full := filled(v)
	for _, place := range []func(v reflect.Value) any{
		func(v reflect.Value) any {
			return map[string]any{"b": []any{v.Interface()}, "a": map[string]any{"v": v.Addr().Interface()}}
		},
		func(v reflect.Value) any { return v.Addr().Interface() },
		reflect.Value.Interface,
		nil,
	} {
		var value any
		got, gotErr := by(func(b *bytes.Buffer) error {
			if place == nil {
				place = reflect.Value.Interface
				return encode.NewEncoder(b).EncodePointer(plan, v.Addr().Interface())
			}
			value = place(v)
			return encode.NewEncoder(b).Encode(value)
		})
		want, wantErr := by(func(b *bytes.Buffer) error {
			e := json.NewEncoder(b)
			e.SetEscapeHTML(false)
			return e.Encode(place(full))
		})
		if got != want || (gotErr == nil) != (wantErr == nil) {
			return false, fmt.Sprintf("%T\n got %q %v\nwant %q %v", value, got, gotErr, want, wantErr)
		}
		encoded = gotErr == nil
	}
	return encoded, ""
}

func by(f func(b *bytes.Buffer) error) (text string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	var b bytes.Buffer
	err = f(&b)
	return b.String(), err
}
