package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/encode"
)

// TestTyped has what random types have seldom or never.
func TestTyped(t *testing.T) {
	number, text := 7, "seven <&>"
	year10000 := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, value := range map[string]any{
		"a type that is in itself":          tree{Name: "a", Sub: []tree{{Name: "b", Up: &tree{Name: "c"}}}, By: map[string]tree{"d": {Name: "e"}}},
		"a list that is in itself":          nest{{}, nil, {{}}},
		"a map that is in itself":           forest{"b": {"a": nil}, "a": {}},
		"deep, but not in itself":           chain(700),
		"so deep that pointers are watched": chain(1500),
		"what contains itself":              ring(),
		"embedded by an unexported pointer": struct{ *hidden }{&hidden{A: 1}},
		"embedded by a nil pointer":         struct{ *hidden }{},
		"embedded twice at one level": struct {
			left
			right
		}{left{hidden{1}}, right{hidden{2}}},
		"a word of its own in an interface": []any{struct{ P *int }{&number}, [1]*string{&text}, struct{ M map[string]int }{}, struct{ F [1]struct{ P *int } }{}},
		"nothing in an interface":           []any{(*int)(nil), map[string]string(nil), []int(nil), (*tree)(nil), named(nil), struct{}{}, [0]int{}},
		"methods of pointers, with address": &methods{},
		"methods of pointers, without":      methods{},
		"methods of pointers, in a map":     map[string]methods{"a": {}},
		"zero by a method":                  zeros{D: &byMethod{3}, F: &byMethod{}, G: byMethod{}},
		"zero by a method, with address":    &zeros{A: byMethod{1}, B: byPointer{1}, D: (*byMethod)(nil)},
		"zero by a method, of none":         zeros{A: byMethod{2}, B: byPointer{2}, C: &byMethod{1}},
		"zero and not":                      []omitted{{}, {F: math.Copysign(0, -1), S: []int{}, M: map[int]int{}, P: &number, A: [2]int{0, 1}, T: time.Unix(1, 0), I: 0}},
		"in quotes":                         quotes{1, -2, 2.5, true, `a "b"`, "1e3", &number, &text, nil},
		"no number in quotes": struct {
			N json.Number `json:",string"`
		}{"x"},
		"times":                       []any{time.Time{}, &time.Time{}, (*time.Time)(nil), time.Unix(1, 5).UTC(), struct{ T time.Time }{}, map[string]time.Time{"a": {}}},
		"a year of five digits":       struct{ T time.Time }{year10000},
		"a zone of a day":             []time.Time{time.Now().In(time.FixedZone("", 24*3600))},
		"bytes":                       []any{[]byte(nil), []byte{}, []byte("<&>"), [3]byte{1, 2}, octets{1}, []octet{2}, []int8{3}},
		"common maps":                 []any{map[string]string{"b": "<", "a": "\xff", "": ""}, map[string]int{"b": 1, "a": -1}, map[string]int64{"x": math.MinInt64}, map[string]float64{"y": 1e21, "x": 1e-7}, map[string]bool{"t": true, "f": false}, map[string][]string{"n": nil, "e": {}, "l": {"a", "b"}}},
		"a refused value in a map":    map[string]float64{"a": 1, "b": math.NaN()},
		"keys that are numbers":       []any{map[int]string{10: "a", 9: "b", -1: "c"}, map[uint8]bool{200: true, 30: false}, map[word]int{"b": 1, "a": 2}},
		"keys that can be none":       []any{map[float64]int{}},
		"a channel that is not there": []chan int{},
		"a channel":                   struct{ C chan int }{},
		"short floats":                []float32{0.1, 1.5, 16777216, 1e-7, 3.4e38, float32(math.Copysign(0, -1)), 0.001},
		"floats":                      floats(),
		"integers":                    []int64{0, 9, 10, 11, 99, 100, 101, 109, 110, 999, 1000, -1, -10, math.MaxInt64, math.MinInt64},
		"the largest":                 []uint64{math.MaxUint64, math.MaxInt64 + 1},
		"raw":                         []any{json.RawMessage(` { "a" : [ 1 ] } `), (*json.RawMessage)(nil), json.RawMessage(nil), struct{ R json.RawMessage }{json.RawMessage(`"<"`)}},
		"raw that is not JSON":        struct{ R json.RawMessage }{json.RawMessage(`{`)},
		"an error in a method":        struct{ V json.Marshaler }{fails{}},
		"text by itself, JSON by address": struct {
			V both
			L []both
			A [1]both
			M map[string]both
		}{L: []both{{}}, M: map[string]both{"a": {}}},
		"methods of what is a word": struct {
			A aWord
			B []aWord
			C map[string]aWord
			D any
			E aFunc
			F []aFunc
			G any
			H *aFunc
			I *aWord
			J [1]aWord
			K anArray
			L any
		}{B: []aWord{{&number}}, C: map[string]aWord{"a": {}}, D: aWord{&number}, F: []aFunc{nil, func() {}}, G: aFunc(nil), I: &aWord{}, L: anArray{}},
		"methods behind an embedded pointer": struct{ *carries }{&carries{}},
		"a nil pointer with methods":         []any{struct{ V json.Marshaler }{(*pointed)(nil)}, struct{ V fmt.Stringer }{(*pointed)(nil)}, (*pointed)(nil), struct{ V *pointed }{}},
	} {
		if _, wrong := compare(addressed(value)); wrong != "" {
			t.Errorf("%s: %.2000s", name, wrong)
		}
	}
}

type tree struct {
	Name string
	Sub  []tree          `json:"sub,omitempty"`
	Up   *tree           `json:",omitempty"`
	By   map[string]tree `json:",omitempty"`
}

type (
	nest   []nest
	forest map[string]forest
	word   string
	octet  uint8
	octets []octet
	hidden struct{ A int }
	left   struct{ hidden }
	right  struct{ hidden }
)

type methods struct {
	V  pointed
	L  []pointed
	A  [1]pointed
	M  map[string]pointed
	P  *pointed
	PP **pointed
}

type pointed struct{ X int }

func (*pointed) MarshalJSON() ([]byte, error) { return []byte(`"by a method"`), nil }
func (*pointed) String() string               { return "" }

type (
	aWord   struct{ P *int }
	aFunc   func()
	anArray [1]*int
)

func (w aWord) MarshalJSON() ([]byte, error)   { return json.Marshal([]any{"word", w.P != nil}) }
func (f aFunc) MarshalJSON() ([]byte, error)   { return json.Marshal([]any{"func", f != nil}) }
func (a anArray) MarshalText() ([]byte, error) { return []byte("array"), nil }

type carries struct{ V pointed }

type both struct{ X int }

func (both) MarshalText() ([]byte, error)  { return []byte("text"), nil }
func (*both) MarshalJSON() ([]byte, error) { return []byte(`["JSON"]`), nil }

type fails struct{}

func (fails) MarshalJSON() ([]byte, error) { return nil, errors.New("on purpose") }

type byMethod struct{ N int }

func (b byMethod) IsZero() bool { return b.N == 1 }

type byPointer struct{ N int }

func (b *byPointer) IsZero() bool { return b.N == 1 }

type zeros struct {
	A byMethod                   `json:",omitzero"`
	B byPointer                  `json:",omitzero"`
	C *byMethod                  `json:",omitzero"`
	D interface{ IsZero() bool } `json:",omitzero"`
	E interface{ IsZero() bool } `json:",omitzero"`
	F any                        `json:",omitzero"`
	G byMethod                   `json:",omitempty,omitzero"`
}

type omitted struct {
	F float64     `json:",omitempty"`
	S []int       `json:",omitzero"`
	M map[int]int `json:",omitempty"`
	P *int        `json:",omitempty"`
	A [2]int      `json:",omitzero"`
	T time.Time   `json:",omitzero"`
	I any         `json:",omitempty"`
	Z struct{}    `json:",omitempty"`
	E [0]int      `json:",omitempty"`
}

type quotes struct {
	I int         `json:",string"`
	J int8        `json:",string"`
	F float32     `json:",string"`
	B bool        `json:",string"`
	S string      `json:",string"`
	N json.Number `json:",string"`
	P *int        `json:",string"`
	T *string     `json:",string"`
	Z *int        `json:",string"`
}

func chain(n int) *tree {
	var t *tree
	for range n {
		t = &tree{Up: t}
	}
	return t
}

func ring() *tree {
	t := &tree{Name: "round"}
	t.Up = &tree{Up: t}
	return t
}

// floats are numbers of few places, and what is next to them.
func floats() (f []float64) {
	for _, n := range []float64{0, 1, 0.1, 0.25, 0.001, 0.0009, 0.015, 19.99, 100.5, 123.456, 1e12, 999999999999.999, 1e15, 123456789012345.6, 4503599627370497.5, 0.3, 2.675} {
		f = append(f, n, -n, math.Nextafter(n, 1e300), math.Nextafter(n, -1e300))
	}
	return f
}

// TestPlainText has every byte at every place of short and longer texts.
func TestPlainText(t *testing.T) {
	for n := range 27 {
		list := []any{}
		for at := range n {
			for c := range 256 {
				text := []byte(strings.Repeat("a", n))
				text[at] = byte(c)
				list = append(list, string(text))
			}
		}
		if got, want := encoded(t, list), standard(t, list); got != want {
			t.Errorf("%d bytes: got %q, want %q", n, got, want)
		}
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode.NewEncoder(&b).Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestFirstTogether has many look at types for the first time at once.
func TestFirstTogether(t *testing.T) {
	for i := range 50 {
		one := reflect.StructOf([]reflect.StructField{{Name: fmt.Sprint("A", i), Type: reflect.TypeFor[tree]()}, {Name: "B", Type: reflect.TypeFor[[]tree]()}})
		value := reflect.Zero(one)
		want := standard(t, filled(value).Interface())
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if got, err := encode.Marshal(value.Interface()); err != nil || string(got)+"\n" != want {
					t.Errorf("got %s, %v, want %s", got, err, want)
				}
			})
		}
		wait.Wait()
	}
}

type counts struct{ N int }

func (c *counts) IsZero() bool { c.N++; return false }

// TestWhatHasNoAddress: a response is a value, and methods of pointers don't get hold
// of where it lies.
func TestWhatHasNoAddress(t *testing.T) {
	var b bytes.Buffer
	response := struct {
		C counts `json:",omitzero"`
	}{}
	err := encode.NewEncoder(&b).EncodePointer(encode.Compile(reflect.TypeOf(response)), &response)
	if err != nil || b.String() != `{"C":{"N":0}}`+"\n" || response.C.N != 0 {
		t.Errorf("got %s, %v, and %d after it", b.String(), err, response.C.N)
	}
}

func TestPlanOfAnother(t *testing.T) {
	plan := encode.Compile(reflect.TypeFor[small]())
	for _, src := range []any{small{}, &order{}, (*small)(nil)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T: got no panic", src)
				}
			}()
			var b bytes.Buffer
			_ = encode.NewEncoder(&b).EncodePointer(plan, src)
		}()
	}
}

// TestMapsTakeTurns: what a map is sorted in serves further ones of its type, larger
// and smaller, within itself and beside itself.
func TestMapsTakeTurns(t *testing.T) {
	grown := func(n int) map[string]*tree {
		m := map[string]*tree{}
		for i := range n {
			m[fmt.Sprint(i)] = &tree{Name: fmt.Sprint("name ", i), By: map[string]tree{"b": {Name: "x"}, "a": {By: map[string]tree{fmt.Sprint(n): {}}}}}
		}
		return m
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, n := range []int{5, 1, 300, 2, 0, 40, 3} {
				if _, wrong := compare(addressed(grown(n))); wrong != "" {
					t.Errorf("%d: %.2000s", n, wrong)
				}
			}
		})
	}
	all.Wait()
}
