package decode_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/decode"
)

func TestObject(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want map[string]any
	}{
		"empty":             {``, map[string]any{}},
		"empty object":      {`{}`, map[string]any{}},
		"white space round": {" { } \n", map[string]any{}},
		"kinds": {`{"n":null,"t":true,"f":false,"s":"x","l":[],"o":{}}`,
			map[string]any{"n": nil, "t": true, "f": false, "s": "x", "l": []any{}, "o": map[string]any{}}},
		"numbers keep their text": {`{"a":12345678901234567890,"b":1.0,"c":1e400,"d":-0}`,
			map[string]any{"a": json.Number("12345678901234567890"), "b": json.Number("1.0"), "c": json.Number("1e400"), "d": json.Number("-0")}},
		"the last duplicate": {`{"a":{"x":1},"a":{"y":2}}`, map[string]any{"a": map[string]any{"y": json.Number("2")}}},
		"letter case":        {`{"a":1,"A":2}`, map[string]any{"a": json.Number("1"), "A": json.Number("2")}},
		"escapes":            {`{"\u0061\n":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`, map[string]any{"a\n": "\"\\/\b\f\n\r\té😀"}},
		"lone surrogates":    {`{"a":"\ud800","b":"\udc00x","c":"\ud800\u0041"}`, map[string]any{"a": "\ufffd", "b": "\ufffdx", "c": "\ufffdA"}},
		"keys that are alike": {`{"a":[{"aXcdef":0},{"aXcdef":0},{"aYcdef":0},{"aXcdef":0}]}`, map[string]any{"a": []any{
			map[string]any{"aXcdef": json.Number("0")}, map[string]any{"aXcdef": json.Number("0")},
			map[string]any{"aYcdef": json.Number("0")}, map[string]any{"aXcdef": json.Number("0")}}}},
		"a list of many things": {`{"a":[1,"x",[2],{"b":[null]}]}`, map[string]any{"a": []any{json.Number("1"), "x", []any{json.Number("2")}, map[string]any{"b": []any{nil}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode.Object([]byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got, tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}

// notObjects are bodies that no plan and no Object may accept.
var notObjects = map[string]string{
	"a space":              " ",
	"white space":          " \t\r\n",
	"list":                 `[]`,
	"text":                 `"x"`,
	"number":               `1`,
	"null":                 `null`,
	"true":                 `true`,
	"open object":          `{`,
	"open string":          `{"int":"`,
	"open key":             `{"int`,
	"no value":             `{"int":}`,
	"no colon":             `{"int" 1}`,
	"comma at the end":     `{"int":1,}`,
	"comma at the start":   `{,"int":1}`,
	"no comma":             `{"int":1 "x":2}`,
	"comma in a list":      `{"ints":[1,]}`,
	"no comma in a list":   `{"ints":[1 2]}`,
	"wrong bracket":        `{"ints":[1}}`,
	"] for } in unknown":   `{"unknown":{"a":1]}`,
	"} for ] in unknown":   `{"unknown":[1}}`,
	"leading zero, float":  `{"f64":01.5}`,
	"control, at the end":  "{\"a\":\"\x1f\"}",
	"trailing data":        `{} x`,
	"two objects":          `{}{}`,
	"trailing NUL":         "{}\x00",
	"leading NUL":          "\x00{}",
	"byte order mark":      "\ufeff{}",
	"unquoted key":         `{int:1}`,
	"single quotes":        `{'int':1}`,
	"comment":              `{/**/}`,
	"leading zero":         `{"int":01}`,
	"minus alone":          `{"int":-}`,
	"plus":                 `{"int":+1}`,
	"no fraction":          `{"f64":1.}`,
	"no whole part":        `{"f64":.5}`,
	"no exponent":          `{"f64":1e}`,
	"NaN":                  `{"f64":NaN}`,
	"hexadecimal":          `{"int":0x1}`,
	"bad literal":          `{"bool":tru}`,
	"long literal":         `{"bool":truee}`,
	"control character":    "{\"string\":\"a\nb\"}",
	"control in a key":     "{\"a\tb\":1}",
	"bad escape":           `{"string":"\x"}`,
	"bad unicode escape":   `{"string":"\u12g4"}`,
	"short unicode escape": `{"string":"\u12"}`,
	"invalid UTF-8":        "{\"string\":\"\xff\"}",
	"surrogate in UTF-8":   "{\"string\":\"\xed\xa0\x80\"}",
	"bad UTF-8 in a key":   "{\"\xc3\":1}",
	"bad UTF-8 at the end": "{}\xff",
	"form feed as space":   "{\f}",
	"no-break space":       "{\u00a0}",
	"65 deep, lists":       `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	"65 deep, objects":     strings.Repeat(`{"self":`, 64) + `{}` + strings.Repeat("}", 64),
	"65 deep, raw":         `{"raw":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	"broken after problem": `{"int":"x","bool":}`,
	"broken in unknown":    `{"unknown":[1,{"a":tru}]}`,
	"broken after a twin":  `{"int":1,"int":2,]`,
	"a million brackets":   `{"a":` + strings.Repeat("[", 1<<20),
	"a million objects":    strings.Repeat(`{"self":`, 1<<18),
}

func TestObjectRefuses(t *testing.T) {
	for name, body := range notObjects {
		t.Run(name, func(t *testing.T) {
			if got, err := decode.Object([]byte(body)); !errors.Is(err, decode.ErrNotObject) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestObjectDepth(t *testing.T) {
	for name, body := range map[string]string{
		"lists":   `{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
		"objects": strings.Repeat(`{"self":`, 63) + `{}` + strings.Repeat("}", 63),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decode.Object([]byte(body)); err != nil {
				t.Error(err)
			}
			if problems, err := compile[everything](t).Decode([]byte(body), new(everything)); err != nil || problems != nil {
				t.Error(problems, err)
			}
		})
	}
}

// What is decoded may be kept while the buffer of the body is used again.
func TestObjectKeepsNothingOfTheBody(t *testing.T) {
	body := []byte(`{"key one":"text","list":[{"k":1,"key":"a longer text than fits a shared block"},{"k":2,"key":"v\n"}]}`)
	got, err := decode.Object(body)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := decode.Object([]byte(string(body)))
	for i := range body {
		body[i] = 'X'
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
}
