package decode_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/decode"
)

// The grammar of RFC 8259, by its sections: values that must be accepted, and texts
// that must be refused where a value is to be. Each is tried as the value of a key.
var (
	valid = map[string][]string{
		"2 white space": {" 1", "1 ", "\t1\t", "\n1\n", "\r1\r", " \t\n\r1 \t\n\r", "[ 1 , 2 ]", "{ \"a\" : 1 , \"b\" : 2 }", "[\n]", "{\t}", "[\r\n1\r\n,\r\n2\r\n]"},
		"3 literals":    {"true", "false", "null", "[true,false,null]", `{"true":true}`},
		"4 objects": {
			"{}", `{"a":1}`, `{"a":1,"b":2}`, `{"":0}`, `{"a":{}}`, `{"a":{"b":{"c":{}}}}`, `{"a b":1}`, `{"\u0061b":1}`, `{"\u0000":1}`, `{"a":[]}`, `{"\"":1}`, `{"日本":1}`,
			`{"a":1,"A":2}`, `{"min":-1.0e+28,"max":1.0e+28}`, `{"x":[{"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}],"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`,
		},
		"5 lists": {
			"[]", "[1]", "[1,2,3]", "[[]]", "[[],[]]", "[[[[[[1]]]]]]", `[1,"a",true,null,{},[]]`, "[null]", "[null, 1, \"1\", {}]", `[""]`, "[1,null,null,null,2]",
			strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat(`{"a":`, 62) + "{}" + strings.Repeat("}", 62),
		},
		"6 numbers": {
			"0", "-0", "1", "-1", "10", "123", "-123", "9007199254740993", "18446744073709551616", strings.Repeat("9", 400), "-" + strings.Repeat("1", 100),
			"0.0", "-0.0", "0.1", "1.0", "1.5", "10.01", "123.456789", "-0.000000000000000000000000000000000000000000000000000001", "0." + strings.Repeat("3", 400),
			"0e1", "0e+1", "0e-1", "0E0", "1e1", "1E1", "1e+1", "1e-1", "1E+2", "1E-2", "1e00", "1e01", "20e1", "123e65", "123.456e78", "1.5E-10", "1e400", "-1e-400", "1e1000000000000",
		},
		"7 strings": {
			`""`, `"a"`, `"asd "`, `" "`, `"\""`, `"\\"`, `"\/"`, `"\b"`, `"\f"`, `"\n"`, `"\r"`, `"\t"`, `"\b\f\n\r\t\"\\\/"`, `"/"`,
			`"\u0000"`, `"\u0012"`, `"\u005C"`, `"\u005c\u0022"`, `"\u00e9"`, `"\u20AC"`, `"\uABCD\uabcd"`, `"\uD83D\ude00"`, `"\uDBFF\uDFFF"`, `"\ud800\udc00"`, `"\uFFFF"`, `"\uffff"`, `"\uFDD0"`, `"\u2028\u2029"`,
			"\"\u007f\"", "\"é\"", "\"日本語\"", "\"😀\"", "\"\u2028\u2029\"", "\"\ufeff\"", "\"\U0010ffff\"", "\"\u0080\"", "\"\u00a0\"", `"a/*b*/c//d"`, `"new\u000Aline"`, `"\\u0000"`, `"\\\\n"`, `"true"`, `"` + strings.Repeat("x", 1000) + `"`,
			`"\\a"`, `"[\"a\"]"`, `"{\"a\":1}"`, `"'"`, "\"\u200b\"", "\"\ue000\"", `"1234567\"89"`, `"12345678\\"`, `"1234567` + "\u00e9" + `8"`,
		},
	}
	invalid = map[string][]string{
		"2 white space": {"\v1", "\f1", "1\v", "1\f", "\u00a01", "1\u00a0", "\u2028", "\u20031", "\ufeff1", "1\ufeff", "\u20601", "[\v1]", "[1\f]", "[\u00a0]", "{\f}", "\x001", "1\x00", "[\x00]", "\x1e1", "\x7f"},
		"2 structure": {
			"", " ", "1 2", "1,2", ",1", "1,", ":1", "{}{}", "[][]", "[]{}", `""""`, "1]", "[1]]", "{}}", "]", "}", "[}", "{]", "(1)", "<1>", "a", "abc", "'a'", "`a`", "@", "#", "*", "&", "\\", "\\u0031",
			"//", "// a", "1 // a", "/* a */ 1", "1 /* a */", "/**/", "# a", "--", "undefined", "NULL{}", "true false", "[1] x", "é", "日", "😀", "∞",
		},
		"3 literals": {
			"True", "TRUE", "tRUE", "tru", "truee", "truth", "true1", "t", "False", "FALSE", "fals", "falsee", "f", "Null", "NULL", "nul", "nulll", "nil", "n", "none", "None", "yes", "on",
			"[tru]", "[fals,1]", "[nul]", "[True]", "t rue", "nu\nll", "\\u0074rue", "tr\x00ue",
		},
		"4 objects": {
			"{", `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a" 1}`, `{"a",1}`, `{"a"}`, `{"a":}`, `{:1}`, `{"a"::1}`, `{"a":1:2}`, `{"a"=1}`, `{"a"=>1}`,
			`{a:1}`, `{'a':1}`, `{1:1}`, `{null:1}`, `{true:1}`, `{[]:1}`, `{{}:1}`, `{"a":1 "b":2}`, `{"a":1;"b":2}`, `{"a":1,b:2}`, `{"a":1]`, `{"a":[1}`, `{"a":{"b":1}`, `{"a":a}`, `{"a":'a'}`, `{"a":1}}`, `{"a" "b"}`,
			`{"a":/*c*/1}`, `{"a":1}//`, `{"a":1}#`, `{"a":1/**/}`, `{"a\x00":1}`, "{\"a\n\":1}", "{\"\xb9\":\"0\",}", `{"x":1,"x"}`, `{"x", null}`, `{"x"::"b"}`, `{1:1}`, `{9999E9999:1}`, `{"a":"b",,}`, `{"a":"a" 123}`, `{"a": true} "x"`, `{"\uD8"`, `{"a":1,"\u":2}`,
		},
		"5 lists": {
			"[", "[1", "[1,", "[1,]", "[,", "[,]", "[,1]", "[1,,2]", "[1,,]", "[\"\",]", "[1 2]", "[1;2]", "[1:2]", `["a":1]`, "[1 true]", "[a]", "[*]", "[1}", "[[1]", "[[],", "[{}", "[{", "[\"", "[\"a", "[\"a\"", "[\"a\",", "[-]", "[1,\n1\n,1", "[3[4]]", "[1\\f]", "[,,]", "[x", "[x]]", "[][", "['a']", "[1,'a']", "[ , \"\"]", "[1,\n", "[\n\n\n",
			strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 100000), strings.Repeat(`[{"":`, 50000), strings.Repeat("]", 100),
		},
		"6 numbers": {
			"+1", "+0", "++1", "-", "--1", "-+1", "- 1", "-a", "01", "00", "-01", "-00", "012", "-012", "00.0", "-00.0", "00e0", "0x1", "0x", "0X1F", "0b1", "0o7", "1_000", "1,000.", "1 000", "1'000",
			".", ".1", "-.1", ".e1", "1.", "-1.", "1.e1", "0.e1", "0.", "1.a", "1..2", "1.2.3", "0.1.2", "1.-1", "1.+1", "1 .5", "1. 5",
			"e", "e1", "E1", "1e", "1E", "1e+", "1e-", "1E+", "0e", "0E+", "1.0e", "1.0e-", "1e1.5", "1e1e1", "1ee1", "1e++1", "1e+-1", "1eE2", "1e 1", "1 e1", "1e.5", "1e1_0", "0.3e", "0.3e+", "9.e+", "-1.0.", "-2.", "2.e3", "2.e-3", "2.e+3",
			"NaN", "nan", "-NaN", "Infinity", "+Infinity", "-Infinity", "inf", "Inf", "-inf", "1a", "1f", "1L", "1n", "0x42", "1\u0663", "\uff11", "\u0661", "1\u00b2", "½", "1+2", "1-2", "-1-", "1/2", "$1", "1%", "-x", "1.8011670033376514H-308", "1.2a-3", "123\x00", "0\x00", "\xe5", "1\xe5", "1e1\xe5",
		},
		"7 strings": {
			`"`, `"a`, `"\"`, `"\`, `"\\\"`, `a"`, `"a""b"`, `"a"b"`, `'`, `''`, `"a'`, "“a”", "\u00aba\u00bb",
			`"\a"`, `"\v"`, `"\0"`, `"\1"`, `"\e"`, `"\x00"`, `"\x41"`, `"\'"`, `"\ "`, `"\N"`, `"\T"`, `"\U0041"`, `"\101"`, `"\{"`, `"\é"`, "\"\\\u65e5\"", "\"\\😀\"", "\"\\\n\"", "\"\\\t\"", "\"\\\x00\"", "\"\\\xe5\"",
			`"\u"`, `"\u0"`, `"\u00"`, `"\u000"`, `"\u000g"`, `"\u000G"`, `"\u000/"`, `"\u000:"`, `"\u000@"`, "\"\\u000`\"", `"\u 000"`, `"\u00 0"`, `"\uqqqq"`, `"\u-123"`, `"\u+123"`, `"\u{41}"`, `"\u00A`, `"\uD834\uDd`, `"\uD800\u"`, `"\uD800\u1"`, `"\uD800\u1x"`, `"\uD800\`, `"\u00\u0041"`, "\"\\u00é\"", "\"\\u\xe5\"",
			"\"\x00\"", "\"\x01\"", "\"\b\"", "\"\t\"", "\"\n\"", "\"\v\"", "\"\f\"", "\"\r\"", "\"\x1b\"", "\"\x1f\"", "\"1234567\n\"", "\"12345678\n\"", "\"a\x00a\"", "\"new\nline\"", "[\"\t\"]", "[\"a\nb\"]",
		},
		"8 encoding": {
			"\"\xff\"", "\"\xfe\"", "\"\x80\"", "\"\xbf\"", "\"\xc3\"", "\"\xc3(\"", "\"\xe9\"", "\"\xe6\x97\"", "\"\xf0\x9f\x98\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xe0\x80\x80\"", "\"\xf0\x80\x80\x80\"",
			"\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xed\xa0\xbd\xed\xb8\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"", "\"\xfc\x80\x80\x80\x80\x80\"", "\xff", "[\xff]", "{\"\xff\":1}", "[\"\xfe\xff\"]", "\"\\\xff\"", "\"a\xe2\x82\"", "\xef\xbb", "1\x80", "\x80",
		},
	}
)

// TestGrammar tries each text with each part of the decoder that reads values: into
// an object, into any, kept as it came, and passed over.
func TestGrammar(t *testing.T) {
	readers := map[string]func(body []byte) error{
		"an object":       func(body []byte) error { _, err := decode.Object(body); return err },
		"a strict object": func(body []byte) error { _, _, err := decode.StrictObject(body); return err },
		"any":             into[one[any]](t),
		"a message":       into[one[json.RawMessage]](t),
		"a wrong type":    into[one[chosen]](t),
		"a list of any":   into[one[[]any]](t),
		"an unknown key":  into[struct{}](t),
	}
	try := func(t *testing.T, texts map[string][]string, accepted bool, least int) {
		n := 0
		for section, list := range texts {
			for _, text := range list {
				n++
				for name, read := range readers {
					body := `{"v":` + text + `}`
					if err := read([]byte(body)); (err == nil) != accepted {
						t.Errorf("%s: %s of %.80q: got %v, want accepted: %v", section, name, body, err, accepted)
					}
				}
			}
		}
		if n < least {
			t.Errorf("there are %d texts, want %d", n, least)
		}
	}
	t.Run("valid", func(t *testing.T) { try(t, valid, true, 130) })
	t.Run("invalid", func(t *testing.T) { try(t, invalid, false, 350) })
}

// chosen is of a type that few values are for.
type chosen struct {
	Field map[string]chosen `json:"field"`
}

// into says whether a body is JSON for a plan, whatever problems there are in it.
func into[T any](t *testing.T) func(body []byte) error {
	plan := compile[T](t)
	return func(body []byte) error {
		for _, p := range []*decode.Plan{plan, plan.Strict()} {
			if _, err := p.Decode(body, new(T)); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestTopLevel: of all JSON values only an object is a request.
func TestTopLevel(t *testing.T) {
	for section, list := range valid {
		for _, text := range list {
			object := strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{")
			if _, err := decode.Object([]byte(text)); (err == nil) != object {
				t.Errorf("%s: %.80q: got %v, want accepted: %v", section, text, err, object)
			}
		}
	}
	for _, body := range []string{"\ufeff{}", "{}\x00", "{} {}", "{}1", "\xff\xfe{\x00}\x00", "\x00{\x00}", "{}\u00a0", " ", "\n", "null", "true", `"{}"`} {
		if _, err := decode.Object([]byte(body)); err == nil {
			t.Errorf("%q is accepted", body)
		}
	}
}
