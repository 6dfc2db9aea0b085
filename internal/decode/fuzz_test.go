package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/decode"
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
		want, accepted := reference(body)
		if accepted != (err == nil) || !accepted && !errors.Is(err, decode.ErrNotObject) {
			t.Fatalf("%q: got %v, want accepted: %v", body, err, accepted)
		}
		clear(body) // nothing may point into it
		if accepted && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %s", sent, cmp.Diff(got, want))
		}
	})
}

// reference decodes as [decode.Object] by encoding/json and the documented differences.
func reference(body []byte) (m map[string]any, ok bool) {
	if len(body) == 0 {
		return map[string]any{}, true
	}
	if !utf8.Valid(body) {
		return nil, false
	}
	depth, deepest := 0, 0
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		if delim, ok := token.(json.Delim); ok && (delim == '{' || delim == '[') {
			depth++
			deepest = max(deepest, depth)
		} else if ok {
			depth--
		}
	}
	d = json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if deepest > 64 || d.Decode(&m) != nil || m == nil {
		return nil, false
	}
	_, err := d.Token()
	return m, err == io.EOF
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
		sent := bytes.Clone(body)
		var got everything
		problems, err := plan.Decode(body, &got)
		if !bytes.Equal(body, sent) {
			t.Fatal("the body was written to")
		}
		object, accepted := reference(body)
		if accepted != (err == nil) {
			t.Fatalf("%q: got %v, want accepted: %v", body, err, accepted)
		}
		if !accepted {
			return
		}
		for _, p := range problems {
			if p.Path == "" || p.State != decode.Invalid {
				t.Fatalf("%q: %+v", body, p)
			}
		}
		clear(body)
		if differs(t, object, sent) {
			return
		}
		var want everything
		d := json.NewDecoder(bytes.NewReader(append(sent, "{}"...)))
		d.UseNumber()
		err = d.Decode(&want)
		if (err == nil) != (problems == nil) {
			t.Fatalf("%q: got %v, want %v", sent, problems, err)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %s", sent, cmp.Diff(got, want, cmp.AllowUnexported(everything{}, inner{})))
		}
	})
}

// differs says whether a body has any of what encoding/json decodes in another way:
// null, another letter case, duplicate keys.
func differs(t *testing.T, object map[string]any, body []byte) bool {
	members := bytes.Count(body, []byte(":")) // at least as many as there are
	known := map[string]bool{}
	typ := reflect.TypeFor[everything]()
	for _, f := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		known[strings.ToLower(name)] = true
		known[name] = true
	}
	found := 0
	var walk func(v any) bool
	walk = func(v any) bool {
		switch v := v.(type) {
		case nil:
			return true
		case []any:
			for _, e := range v {
				if walk(e) {
					return true
				}
			}
		case map[string]any:
			found += len(v)
			for k, e := range v {
				if strings.Contains(k, ":") || !ascii(k) || known[strings.ToLower(k)] && !known[k] || walk(e) {
					return true
				}
				if k == "named" {
					return true
				}
			}
		case string:
			if strings.Contains(v, ":") {
				members -= strings.Count(v, ":")
			}
		}
		return false
	}
	return walk(object) || found != members
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] > 127 {
			return false
		}
	}
	return true
}
