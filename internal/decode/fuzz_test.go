package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/jsongen"
)

// everything has a field of each kind that decodes as in encoding/json.
type everything struct {
	Bool    bool            `json:"bool"`
	Int     int             `json:"int"`
	Int8    int8            `json:"int8"`
	Int16   int16           `json:"int16"`
	Int32   int32           `json:"int32"`
	Uint    uint            `json:"uint"`
	Uint8   uint8           `json:"uint8"`
	Uint16  uint16          `json:"uint16"`
	Uint64  uint64          `json:"uint64"`
	F32     float32         `json:"f32"`
	F64     float64         `json:"f64"`
	String  string          `json:"string"`
	Any     any             `json:"any"`
	Raw     json.RawMessage `json:"raw"`
	Time    time.Time       `json:"time"`
	Pointer **int           `json:"pointer"`
	Ints    []int           `json:"ints"`
	Strings []string        `json:"strings"`
	Bools   []bool          `json:"bools"`
	Lists   [][]int16       `json:"lists"`
	Map     map[string]int  `json:"map"`
	IntKeys map[int8]string `json:"intkeys"`
	Objects map[string]any  `json:"objects"`
	Quoted  int             `json:"quoted,string"`
	QuotedB bool            `json:"quotedb,string"`
	QuotedS string          `json:"quoteds,string"`
	Self    *everything     `json:"self"`
	Selves  []everything    `json:"selves"`
	Named   map[string]everything
	inner
	*Outer
}

type inner struct {
	Inner string `json:"inner"`
	Same  int    `json:"same"`
}

type Outer struct {
	Outer string `json:"outer"`
	Same  int    `json:"same"`
}

var seeds = []string{
	``, ` `, `{}`, `[]`, `null`, `{"a":1}x`, `{"a":1,}`, `{"a" 1}`, `{,}`, "\ufeff{}", `{"a":"\ud800"}`, `{"a":"\ud83d\ude00\u00e9"}`,
	`{"bool":true,"int":-1,"int8":-128,"int16":32767,"int32":-2147483648,"uint":1,"uint8":255,"uint16":65535,"uint64":18446744073709551615}`,
	`{"int8":128,"uint8":256,"uint64":18446744073709551616,"int":-9223372036854775808,"uint":-0}`,
	`{"f32":1.5e3,"f64":-0.1e-300,"string":"a\"b\\\u0041","any":{"x":[1,null,"s",true]},"raw": {"a" : [ ] } }`,
	`{"f32":1e39,"f64":1e400,"int":1.0,"uint":1e0,"quoted":"12","quotedb":"true","quoteds":"\"x\""}`,
	`{"quoted":" 1","quotedb":true,"quoteds":"x"}`, `{"time":"2026-11-21T07:24:47.5+01:00"}`, `{"time":"x","pointer":3}`,
	`{"ints":[1,2,3],"strings":["a","b"],"bools":[true],"lists":[[1],[],[2,3]],"map":{"a":1,"b":2},"intkeys":{"1":"x","-1":"y"},"objects":{"a":{"b":[{}]}}}`,
	`{"ints":["x",1],"map":{"a":"b"},"intkeys":{"x":"y"},"lists":[1,[2]]}`,
	`{"self":{"self":{"int":3}},"selves":[{"int":1},{},{"selves":[{"strings":["x"]}]}],"Named":{"x":{"int":2}},"inner":"i","outer":"o","same":1}`,
	`{"int":1,"int":"x"}`, `{"int":"x","int":1}`, `{"self":{"int":1},"self":{"string":"x"}}`, `{"any":{"a":{"b":1},"a":{"c":2}}}`,
	`{"INT":1,"Self":{}}`, `{"int":null,"pointer":null,"any":null,"raw":null,"ints":null,"self":null}`, `{"a":"\x01"}`, "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}",
	`{"unknown":[[[[{"a":[1.5e+3,-0,0.0]}]]]],"string":"after"}`, `{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":tru}`, `{"":""}`,
	`{"\u0069nt":5}`, strings.Repeat(`{"self":`, 63) + `{}` + strings.Repeat(`}`, 63), strings.Repeat(`{"self":`, 64) + `{}` + strings.Repeat(`}`, 64),
	`{"a":` + strings.Repeat(`[`, 63) + strings.Repeat(`]`, 63) + `}`, `{"a":` + strings.Repeat(`[`, 64) + strings.Repeat(`]`, 64) + `}`,
}

func FuzzObject(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := bytes.Clone(body)
		got, err := decode.Object(body)
		if !bytes.Equal(body, sent) {
			t.Fatal("the body was written to")
		}
		_, repeats, strictErr := decode.StrictObject(body)
		expected := expect(reflect.TypeFor[map[string]any](), body)
		if expected.accepted != (err == nil) || expected.accepted != (strictErr == nil) || err != nil && !errors.Is(err, decode.ErrNotObject) {
			t.Fatalf("%q: got %v and strictly %v, want accepted: %v", body, err, strictErr, expected.accepted)
		}
		clear(body) // nothing may point into it
		if !expected.accepted {
			return
		}
		if wants := expected.repeats; wants != (repeats != nil) {
			t.Fatalf("%q: strictly got %v, want some: %v", sent, repeats, wants)
		}
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(expected.body))
		d.UseNumber()
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v %s", sent, err, cmp.Diff(got, want))
		}
	})
}

func FuzzTyped(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	plan, err := decode.Compile(reflect.TypeFor[everything](), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if wrong := (tally{}).compare(plan, reflect.TypeFor[everything](), body); wrong != "" {
			t.Fatalf("%q: %s", body, wrong)
		}
	})
}

// FuzzTypes is [TestDifferential] with documents that the fuzzer makes, for types of
// the seeds that it chooses.
func FuzzTypes(f *testing.F) {
	for seed := range uint64(50) {
		g := jsongen.New(seed, true)
		f.Add(seed, g.Document(g.Type()))
	}
	f.Fuzz(func(t *testing.T, seed uint64, body []byte) {
		typ := jsongen.New(seed, true).Type()
		plan, err := decode.Compile(typ, nil)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := (tally{}).compare(plan, typ, body); wrong != "" {
			t.Fatalf("%s\n%q\n%s", typ, body, wrong)
		}
	})
}
