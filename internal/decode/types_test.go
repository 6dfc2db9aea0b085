package decode_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/encode"
)

// TestRoundTrip: what an answer of a type has, a request of the type takes.
func TestRoundTrip(t *testing.T) {
	type inside struct {
		L []string
		M map[int]bool
	}
	type all struct {
		Day    time.Time                           `format:"date"`
		Took   time.Duration                       `format:"duration"`
		Days   []time.Time                         `format:"date"`
		ByName map[string]time.Time                `format:"date"`
		Pair   [2]time.Duration                    `format:"duration"`
		Ptr    *time.Time                          `format:"date"`
		Maybe  apiphant.Optional[time.Time]        `format:"date"`
		Maybes []apiphant.Optional[*time.Duration] `format:"duration"`
		Null   sql.Null[time.Time]                 `format:"date"`
		Usual  time.Time                           `format:"date-time"`
		Times  map[time.Time][]time.Time
		Number time.Duration
		Bytes  []byte
		Nested [][]inside
		Map    map[string]map[string][]int
		Object apiphant.Object
		List   []any
		Any    any
		Raw    json.RawMessage
		Opt    apiphant.Optional[inside]
		OptNil apiphant.Optional[[]int]
		Text   sql.NullString
	}
	day := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	took := time.Duration(-1 << 63)
	for name, value := range map[string]all{
		"zero": {},
		"nil lists within": {Nested: [][]inside{nil, {{}}}, Map: map[string]map[string][]int{"a": nil, "b": {"c": nil}}, Object: apiphant.Object{"a": []int(nil)},
			OptNil: apiphant.Some([]int(nil)), Opt: apiphant.Some(inside{})},
		"values": {day, took, []time.Time{day}, map[string]time.Time{"a": day}, [2]time.Duration{1, 2}, &day, apiphant.Some(day), []apiphant.Optional[*time.Duration]{apiphant.Some(&took), {}},
			sql.Null[time.Time]{V: day, Valid: true}, day.Add(1), map[time.Time][]time.Time{day: nil}, 5, []byte{1}, nil, nil, nil, []any{nil}, nil, json.RawMessage("null"), apiphant.Null[inside](), apiphant.Some([]int{1}),
			sql.NullString{String: "a", Valid: true}},
	} {
		first, err := encode.Marshal(value)
		if err != nil {
			t.Fatal(name, err)
		}
		var again all
		if problems, err := compile[all](t).Decode(first, &again); problems != nil || err != nil {
			t.Errorf("%s: %s\nis refused: %v, %v", name, first, problems, err)
			continue
		}
		if second, err := encode.Marshal(again); err != nil || string(second) != string(first) {
			t.Errorf("%s: got %s, %v\nwant %s", name, second, err, first)
		}
	}
}

func TestTimes(t *testing.T) {
	when := with[time.Time](`format:"date-time"`)
	plan, err := decode.Compile(when, nil)
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"2026-11-27T03:04:05Z":                "2026-11-27T03:04:05Z",
		"2026-11-27t03:04:05z":                "2026-11-27T03:04:05Z",
		"2026-11-27T03:04:05.5z":              "2026-11-27T03:04:05.5Z",
		"2026-11-27T03:04:05+23:59":           "2026-11-27T03:04:05+23:59",
		"2026-11-27T03:04:05-00:00":           "2026-11-27T03:04:05Z",
		"2016-12-31T23:59:60Z":                "2017-01-01T00:00:00Z",
		"2017-01-01T00:59:60.5+01:00":         "2017-01-01T01:00:00.5+01:00",
		"0000-01-01T00:00:00+23:59":           "0000-01-01T00:00:00+23:59",
		"9999-12-31T23:59:59.999999999-23:59": "9999-12-31T23:59:59.999999999-23:59",
		"2026-11-27T03:04:05,5Z":              "",
		"2026-11-27T3:04:05Z":                 "",
		"2026-11-27T03:04:05+24:00":           "",
		"2026-11-27T03:04:05+23:60":           "",
		"2026-11-27T03:04:05.Z":               "",
		"2026-11-27T03:04:05":                 "",
		"2026-11-27T24:00:00Z":                "",
		"2026-11-27T03:04:60Z":                "",
		"2026-02-30T03:04:05Z":                "",
		"9999-12-31T23:59:60Z":                "",
		"2026-11-27":                          "",
		"":                                    "",
	} {
		body := []byte(fmt.Sprintf(`{"v":%q}`, value))
		v := reflect.New(when)
		problems, err := plan.Decode(body, v.Interface())
		if (problems == nil) != (want != "") || err != nil {
			t.Errorf("time.Time takes %s: got %v, %v", value, problems, err)
		}
		if problems == nil {
			if got, err := encode.Marshal(v.Interface()); err != nil || string(got) != `{"v":"`+want+`"}` && want != "" {
				t.Errorf("%s: got %s, %v, want %s", value, got, err, want)
			}
		}
		formatted, err := decode.Compile(with[string](`format:"date-time"`), nil)
		if err != nil {
			t.Fatal(err)
		}
		if asText, _ := formatted.Decode(body, reflect.New(with[string](`format:"date-time"`)).Interface()); (asText == nil) != (problems == nil) {
			t.Errorf("%s: text says %v, time.Time %v", value, asText, problems)
		}
	}
}

// explained decodes into a T and returns the problems with what they say.
func explained(t *testing.T, typ reflect.Type, body string) string {
	t.Helper()
	plan, err := decode.Compile(typ, nil)
	if err != nil {
		return err.Error()
	}
	v := reflect.New(typ)
	problems, err := plan.Decode([]byte(body), v.Interface())
	if err != nil {
		return err.Error()
	}
	if problems == nil {
		text, err := encode.Marshal(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var list []string
	for _, p := range problems {
		line := p.Path + " " + p.State
		if p.Explain != nil {
			text, err := encode.Marshal(p.Explain)
			if err != nil {
				t.Fatal(err)
			}
			line += " " + string(text)
		}
		list = append(list, line)
	}
	return strings.Join(list, ", ")
}

func TestTypes(t *testing.T) {
	for name, tc := range map[string]struct {
		typ        reflect.Type
		body, want string
	}{
		"date":                    {with[time.Time](`format:"date"`), `{"v":"2026-11-27"}`, `{"v":"2026-11-27"}`},
		"date, none":              {with[time.Time](`format:"date"`), `{"v":"2026-02-30"}`, `v invalid {"format":"date"}`},
		"date, a time":            {with[time.Time](`format:"date"`), `{"v":"2026-11-27T00:00:00Z"}`, `v invalid {"format":"date"}`},
		"date, escaped":           {with[time.Time](`format:"date"`), `{"v":"2026\u002d11-27"}`, `{"v":"2026-11-27"}`},
		"date, a number":          {with[time.Time](`format:"date"`), `{"v":1}`, `v invalid {"type":"string"}`},
		"date, null":              {with[time.Time](`format:"date"`), `{"v":null}`, `v invalid {"type":"string"}`},
		"date, default":           {with[time.Time](`format:"date" default:"2026-11-27"`), `{}`, `{"v":"2026-11-27"}`},
		"date, wrong default":     {with[time.Time](`default:"2026-11-27T00:00:00Z" format:"date"`), `{}`, `tag default:"2026-11-27T00:00:00Z": JSON for a time.Time was expected`},
		"dates":                   {with[[]time.Time](`format:"date" minItems:"1"`), `{"v":["2026-11-27","x"]}`, `v[1] invalid {"format":"date"}`},
		"no dates":                {with[[]time.Time](`format:"date" minItems:"1"`), `{"v":[]}`, `v invalid {"minItems":1}`},
		"duration":                {with[time.Duration](`format:"duration"`), `{"v":"90s"}`, `{"v":"1m30s"}`},
		"duration, none":          {with[time.Duration](`format:"duration"`), `{"v":"90"}`, `v invalid {"format":"duration"}`},
		"duration, a number":      {with[time.Duration](`format:"duration"`), `{"v":90}`, `v invalid {"type":"string"}`},
		"duration, default":       {with[time.Duration](`format:"duration" default:"1h"`), `{}`, `{"v":"1h0m0s"}`},
		"duration, too long":      {with[time.Duration](`format:"duration"`), `{"v":"9999999h"}`, `v invalid {"format":"duration"}`},
		"durations by name":       {with[map[string]*time.Duration](`format:"duration"`), `{"v":{"a.b":"x","c":null}}`, `v["a.b"] invalid {"format":"duration"}`},
		"time":                    {with[string](`format:"time"`), `{"v":"23:59:60.5Z"}`, `{"v":"23:59:60.5Z"}`},
		"time, none":              {with[string](`format:"time"`), `{"v":"10:00:00"}`, `v invalid {"format":"time"}`},
		"time of a time":          {with[time.Time](`format:"time"`), `{}`, `a time.Time is a date-time or a date`},
		"email of a time":         {with[time.Time](`format:"email"`), `{}`, `a time.Time is a date-time or a date`},
		"duration of text":        {with[string](`format:"duration"`), `{}`, `a rule for a time.Duration, and this is a string`},
		"duration of an int64":    {with[int64](`format:"duration"`), `{}`, `a rule for a time.Duration, and this is a int64`},
		"date of a duration":      {with[time.Duration](`format:"date"`), `{}`, `a rule for text, and this is a time.Duration`},
		"duration in quotes":      {fields(field[time.Duration]("V", `json:"v,string" format:"duration"`)), `{}`, `leave one of the two out`},
		"minimum of a duration":   {with[time.Duration](`minimum:"1" format:"duration"`), `{}`, `tag minimum: a rule for numbers, and with format:"duration" this is text`},
		"date of what embeds one": {with[struct{ time.Time }](`format:"date"`), `{}`, `reads the format date-time, and refuses 2026-11-27`},
		"date-time of it":         {with[struct{ time.Time }](`format:"date-time"`), `{"v":"2026-11-27T00:00:00Z"}`, `{"v":"2026-11-27T00:00:00Z"}`},

		"pattern of elements":      {with[[]string](`pattern:"^a"`), `{"v":["a","b"]}`, `v[1] invalid {"pattern":"^a"}`},
		"format of elements":       {with[[2]string](`format:"email"`), `{"v":["a@b","b"]}`, `v[1] invalid {"format":"email"}`},
		"minimum of elements":      {with[[]int](`minimum:"2" maximum:"3"`), `{"v":[1,2,3,4]}`, `v[0] invalid {"minimum":2}, v[3] invalid {"maximum":3}`},
		"exclusive, of elements":   {with[[]float64](`exclusiveMinimum:"0" exclusiveMaximum:"1"`), `{"v":[0,0.5,1]}`, `v[0] invalid {"exclusiveMinimum":0}, v[2] invalid {"exclusiveMaximum":1}`},
		"multipleOf of elements":   {with[map[string]json.Number](`multipleOf:"0.5"`), `{"v":{"b":0.7,"a":1,"c":0.1}}`, `v.b invalid {"multipleOf":0.5}, v.c invalid {"multipleOf":0.5}`},
		"of pointers":              {with[[]*int](`minimum:"2"`), `{"v":[null,1]}`, `v[1] invalid {"minimum":2}`},
		"of optionals":             {with[[]apiphant.Optional[int]](`minimum:"2"`), `{"v":[null,1,2]}`, `v[1] invalid {"minimum":2}`},
		"behind a pointer":         {with[*[]string](`pattern:"^a"`), `{"v":["b"]}`, `v[0] invalid {"pattern":"^a"}`},
		"enum of a map":            {with[map[int]string](`enum:"a,b"`), `{"v":{"1":"a","2":"c"}}`, `v.2 invalid {"enum":["a","b"]}`},
		"of keys by their text":    {with[map[color]string](`enum:"a"`), `{"v":{"red":"c"}}`, `v.red invalid {"enum":["a"]}`},
		"the list's and elements'": {with[[]string](`minLength:"2" pattern:"^a"`), `{"v":["b"]}`, `v invalid {"minLength":2}`},
		"of structs":               {with[[]one[int]](`minimum:"1"`), `{}`, `a rule for numbers, and this is a []decode_test.one[int]`},
		"of lists":                 {with[[][]string](`pattern:"a"`), `{}`, `a rule for text, and this is a [][]string`},
		"of any":                   {with[map[string]any](`pattern:"a"`), `{}`, `a rule for text`},
		"of own text":              {with[[]color](`enum:"a"`), `{}`, `and this is a []decode_test.color, whose decode_test.color has an UnmarshalText of its own`},
		"enum of own text":         {with[color](`enum:"a"`), `{}`, `and this is a decode_test.color, which has an UnmarshalText of its own`},
		"nothing left":             {with[[]int8](`minimum:"200"`), `{}`, `no []int8 keeps to minimum:"200"`},

		"items":                  {with[[]string](`items:"minLength=1,maxLength=2" maxLength:"3"`), `{"v":["","a","abc"]}`, `v[0] invalid {"minLength":1}, v[2] invalid {"maxLength":2}`},
		"items with a comma":     {with[map[string]string](`items:"pattern=^[a-z]{1,2}$,minLength=2"`), `{"v":{"a":"abc","b":"a","c":"A"}}`, `v.a invalid {"pattern":"^[a-z]{1,2}$"}, v.b invalid {"minLength":2}, v.c invalid {"minLength":2,"pattern":"^[a-z]{1,2}$"}`},
		"items of items":         {with[[][]string](`items:"maxItems=2,items.maxLength=1,uniqueItems=true"`), `{"v":[["a","bb"],["a","a"],["a","b","c"]]}`, `v[0][1] invalid {"maxLength":1}, v[1] invalid {"uniqueItems":true}, v[2] invalid {"maxItems":2}`},
		"items, scalars of them": {with[map[string][]int](`items:"minimum=2"`), `{"v":{"a":[2,1]}}`, `v.a[1] invalid {"minimum":2}`},
		"items, enum":            {with[[]string](`items:"enum=a,b"`), `{"v":["c"]}`, `v[0] invalid {"enum":["a","b"]}`},
		"items of a string":      {with[string](`items:"minLength=1"`), `{}`, `tag items:"minLength=1": a rule for lists and maps, and this is a string`},
		"items of nothing":       {with[[]string](`items:""`), `{}`, `rules were expected`},
		"items, unknown":         {with[[]string](`items:"minLen=1"`), `{}`, `"minLen" is no rule for elements; did you mean minLength?`},
		"items, required":        {with[[]string](`items:"required=true"`), `{}`, `"required" is no rule for elements`},
		"items, nonsense":        {with[[]string](`items:"x"`), `{}`, `"x" is no rule for elements`},
		"items, wrong value":     {with[[]string](`items:"minLength=x"`), `{}`, `minLength=x: a length was expected`},
		"items, wrong type":      {with[[]int](`items:"minLength=1"`), `{}`, `a rule for text, lists and objects, and this is a []int`},
		"items, twice":           {with[[]string](`items:"pattern=a" pattern:"b"`), `{}`, `pattern is said about the elements twice`},
		"items, none left":       {with[[]string](`items:"minLength=3,maxLength=2"`), `{}`, `no []string keeps to items:"minLength=3,maxLength=2"`},

		"several rules":      {with[string](`minLength:"2" pattern:"^a" format:"email" enum:"ab"`), `{"v":"x"}`, `v invalid {"enum":["ab"],"format":"email","minLength":2,"pattern":"^a"}`},
		"a long enum":        {with[string](`enum:"` + strings.Repeat("abc,", 800) + `abc" minLength:"2"`), `{"v":"x"}`, `v invalid {"minLength":2}`},
		"int8":               {with[int8](``), `{"v":-129}`, `v invalid {"minimum":-128}`},
		"uint64":             {with[uint64](``), `{"v":18446744073709551616}`, `v invalid {"maximum":18446744073709551615}`},
		"int64":              {with[int64](``), `{"v":-9223372036854775809}`, `v invalid {"minimum":-9223372036854775808}`},
		"float32":            {with[float32](``), `{"v":-1e39}`, `v invalid {"minimum":-3.4028234663852886e38}`},
		"bytes":              {with[[]byte](``), `{"v":"?"}`, `v invalid {"contentEncoding":"base64"}`},
		"an array":           {with[[1]int](``), `{"v":[1,2]}`, `v invalid {"maxItems":1}`},
		"a key":              {with[map[int]int](``), `{"v":{"a":1}}`, `v.a invalid {"propertyNames":{"pattern":"^-?[0-9]+$"}}`},
		"in quotes":          {fields(field[int8]("V", `json:"v,string"`), field[bool]("W", `json:"w,string"`), field[string]("X", `json:"x,string"`)), `{"v":"a","w":"x","x":"y"}`, `v invalid {"pattern":"^-?(0|[1-9][0-9]*)$"}, w invalid {"enum":["true","false"]}, x invalid {"contentMediaType":"application/json"}`},
		"in quotes, a range": {fields(field[int8]("V", `json:"v,string"`)), `{"v":"300"}`, `v invalid {"maximum":127}`},
		"not in quotes":      {fields(field[int8]("V", `json:"v,string"`)), `{"v":3}`, `v invalid {"type":"string"}`},
		"own":                {with[upper](``), `{"v":{}}`, `v invalid`},
		"own text":           {with[color](``), `{"v":1}`, `v invalid {"type":"string"}`},
		"a struct":           {with[one[int]](``), `{"v":[]}`, `v invalid {"type":"object"}`},
		"a pointer":          {with[**bool](``), `{"v":0}`, `v invalid {"type":"boolean"}`},

		"a key with a dot":      {with[map[string]int](``), `{"v":{"a.b":"x"}}`, `v["a.b"] invalid {"type":"integer"}`},
		"keys with signs":       {reflect.TypeFor[map[string]int](), `{"a[0]":"x","":"x","<\"\\":"x","a b":"x","\u0000":"x"}`, `[""] invalid {"type":"integer"}, ["\u0000"] invalid {"type":"integer"}, ["<\"\\"] invalid {"type":"integer"}, a b invalid {"type":"integer"}, ["a[0]"] invalid {"type":"integer"}`},
		"a field's with a dot":  {fields(field[one[int]]("V", `json:"a.b"`)), `{"a.b":{"v":"x"}}`, `["a.b"].v invalid {"type":"integer"}`},
		"optional, absent":      {with[apiphant.Optional[string]](`minLength:"1"`), `{}`, `{}`},
		"optional, null":        {with[apiphant.Optional[string]](`minLength:"1"`), `{"v":null}`, `{"v":null}`},
		"optional, a value":     {with[apiphant.Optional[string]](`minLength:"1"`), `{"v":"a"}`, `{"v":"a"}`},
		"optional, a rule":      {with[apiphant.Optional[string]](`minLength:"1"`), `{"v":""}`, `v invalid {"minLength":1}`},
		"optional, wrong":       {with[apiphant.Optional[int]](``), `{"v":"a"}`, `v invalid {"type":"integer"}`},
		"optional, required":    {with[apiphant.Optional[int]](`required:"true"`), `{}`, `v missing`},
		"optional, there":       {with[apiphant.Optional[int]](`required:"true"`), `{"v":null}`, `{"v":null}`},
		"optional, default":     {with[apiphant.Optional[int]](`default:"3"`), `{}`, `{"v":3}`},
		"optional, null beats":  {with[apiphant.Optional[int]](`default:"3"`), `{"v":null}`, `{"v":null}`},
		"optional struct":       {with[apiphant.Optional[Rule]](``), `{"v":{}}`, `v.x missing`},
		"optional, elements":    {with[apiphant.Optional[[]string]](`pattern:"^a"`), `{"v":["b"]}`, `v[0] invalid {"pattern":"^a"}`},
		"optional, twice":       {with[apiphant.Optional[string]](``), `{"v":"a","v":null}`, `{"v":null}`},
		"optional, validates":   {with[apiphant.Optional[word]](``), `{"v":"bad"}`, `v invalid`},
		"a list of optionals":   {with[[]apiphant.Optional[int]](``), `{"v":[1,null,"x"]}`, `v[2] invalid {"type":"integer"}`},
		"sql.Null, null":        {with[sql.Null[string]](`minLength:"1"`), `{"v":null}`, `{"v":null}`},
		"sql.Null, a value":     {with[sql.Null[string]](`minLength:"1"`), `{"v":"a"}`, `{"v":"a"}`},
		"sql.Null, a rule":      {with[sql.Null[string]](`minLength:"1"`), `{"v":""}`, `v invalid {"minLength":1}`},
		"sql.NullInt64":         {with[sql.NullInt64](`maximum:"5"`), `{"v":6}`, `v invalid {"maximum":5}`},
		"sql.NullTime":          {with[sql.NullTime](`format:"date"`), `{"v":"2026-11-27"}`, `{"v":"2026-11-27"}`},
		"own gets the null":     {with[tellsNull](`required:"true"`), `{"v":null}`, `{"v":"null"}`},
		"own, in a list":        {with[[]tellsNull](``), `{"v":[null,1]}`, `{"v":["null","1"]}`},
		"own, absent":           {with[tellsNull](``), `{}`, `{"v":"nothing"}`},
		"own, behind a pointer": {with[*tellsNull](``), `{"v":null}`, `{"v":null}`},
		"own, refusing null":    {with[noNull](``), `{"v":null}`, `v invalid`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := explained(t, tc.typ, tc.body); got != tc.want && (strings.HasPrefix(tc.want, "{") || !strings.Contains(got, tc.want)) {
				t.Error(cmp.Diff(got, tc.want))
			}
		})
	}
}

type Rule struct {
	X string `json:"x" required:"true"`
}

// tellsNull tells what its UnmarshalJSON got.
type tellsNull struct{ got string }

func (n *tellsNull) UnmarshalJSON(text []byte) error { n.got = string(text); return nil }
func (n tellsNull) MarshalJSON() ([]byte, error) {
	if n.got == "" {
		n.got = "nothing"
	}
	return json.Marshal(n.got)
}

type noNull struct{}

func (*noNull) UnmarshalJSON(text []byte) error { return errors.New("no " + string(text)) }

type ownJSON struct{ ID int }

func (*ownJSON) UnmarshalJSON([]byte) error { return nil }

type ownWithTags struct {
	ID int `minimum:"1"`
}

func (*ownWithTags) UnmarshalText([]byte) error { return nil }

type plainFields struct {
	ID int `required:"true"`
}

type eitherOf struct {
	Of *plainFields
}

func (*eitherOf) UnmarshalJSON([]byte) error { return nil }

type viaEmbedded struct{ plainFields }

func (*viaEmbedded) UnmarshalJSON([]byte) error { return nil }

type itself struct {
	B *itself `json:"b" default:"{}"`
}

type viaList struct {
	L []viaList `json:"l" default:"[{},{}]"`
}

type viaMap struct {
	In struct {
		M map[string]*viaMap `json:"m" default:"{\"a\":{}}"`
	} `json:"in"`
}

type viaOther struct {
	O *viaOtherOne `default:"{}"`
}

type viaOtherOne struct {
	P apiphant.Optional[*viaOther] `default:"{}"`
	Q *viaOther                    `default:"{}"`
}

type endsItself struct {
	B *endsItself `json:"b" default:"{\"b\":null}"`
}

// What can't work is said at start, and where.
func TestSaidAtStart(t *testing.T) {
	for name, tc := range map[string]struct {
		typ  reflect.Type
		want string // is in the message; "": there is none
	}{
		"promoted": {reflect.TypeFor[struct {
			ownJSON
			N int `required:"true"`
		}](), "N: tag required: "},
		"promoted, how": {with[struct {
			*ownJSON
			N int `required:"true"`
		}](``), "has the UnmarshalJSON of the embedded decode_test.ownJSON, which reads the value in place of the rules. Give decode_test.ownJSON a field of its own, or embed only its fields: type Fields decode_test.ownJSON"},
		"promoted from time.Time": {with[struct {
			time.Time
			N int `minimum:"1"`
		}](``), "N: tag minimum: struct { time.Time; N int \"minimum:\\\"1\\\"\" } has the UnmarshalJSON of the embedded time.Time"},
		"its own":                   {with[*ownWithTags](``), "v.ID: tag minimum: decode_test.ownWithTags has an UnmarshalText, which reads the value in place of the rules"},
		"its own, in a list":        {with[[]ownWithTags](``), "v[].ID: tag minimum"},
		"its own, in a map":         {with[map[string]apiphant.Optional[ownWithTags]](``), "v.*.ID: tag minimum"},
		"its own, the whole":        {reflect.TypeFor[viaEmbedded](), "ID: tag required: decode_test.viaEmbedded has an UnmarshalJSON"},
		"of what a union may be":    {with[eitherOf](``), ""},
		"only its fields":           {reflect.TypeFor[struct{ plainFields }](), ""},
		"a default in itself":       {reflect.TypeFor[itself](), `decode_test.itself: b: tag default:"{}": it contains itself`},
		"a default in itself below": {with[[]itself](``), `v[].b: tag default:"{}": it contains itself`},
		"by a list":                 {reflect.TypeFor[viaList](), `l: tag default:"[{},{}]": it contains itself`},
		"by a map":                  {reflect.TypeFor[viaMap](), `in.m: tag default:`},
		"by another":                {reflect.TypeFor[viaOther](), `: tag default:"{}": it contains itself`},
		"a default that ends":       {reflect.TypeFor[endsItself](), ""},
		"hidden": {reflect.TypeFor[struct {
			plainFields
			ID string
		}](), `decode_test.plainFields.ID: tag required: struct { decode_test.plainFields; ID string }.ID hides the field`},
		"hidden, by a name": {reflect.TypeFor[struct {
			plainFields
			Other string `json:"ID"`
		}](), `decode_test.plainFields.ID: tag required: `},
		"hidden, and known": {reflect.TypeFor[struct {
			plainFields
			ID string `required:"false"`
		}](), ""},
		"hidden, deeper": {reflect.TypeFor[struct {
			viaPlain
			ID string
		}](), `decode_test.plainFields.ID: tag required: `},
		"hidden, without a rule": {reflect.TypeFor[struct {
			right
			ID int
		}](), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode.Compile(tc.typ, nil)
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

type viaPlain struct{ plainFields }

type (
	inner1 struct{ N counts }
	inner2 struct{ inner1 }
	inner3 struct {
		A int
		inner2
	}
	hides1         struct{ inner1 }
	pointed        struct{ *Inner4 }
	Inner4         struct{ N counts }
	generic[T any] struct {
		inner1
		X T
	}
	genericHides[T any] struct {
		inner1
		X T
	}
	twoAtOnce struct {
		inner1
		hides1
	}
)

// counts is a pointer, so that what is called on a copy counts too.
type counts struct{ n *int }

func (c *counts) UnmarshalJSON([]byte) error { c.n = new(int); return nil }
func (c counts) MarshalJSON() ([]byte, error) {
	if c.n == nil {
		return []byte("-1"), nil
	}
	return json.Marshal(*c.n)
}

func (c counts) count() error {
	if c.n != nil {
		*c.n++
	}
	return nil
}

func (i inner1) Validate() error          { return i.N.count() }
func (i *Inner4) Validate() error         { return i.N.count() }
func (h *hides1) Validate() error         { return h.N.count() }
func (g genericHides[T]) Validate() error { return g.N.count() }

// A Validate is called once, by however many structs it is promoted, and those that
// hide each other are all called.
func TestValidateOnce(t *testing.T) {
	cases{
		"its own":                 {run[one[inner1]](`{"v":{"N":0}}`), `{"v":{"N":1}}`},
		"promoted":                {run[one[inner2]](`{"v":{"N":0}}`), `{"v":{"N":1}}`},
		"promoted twice":          {run[one[inner3]](`{"v":{"N":0}}`), `{"v":{"A":0,"N":1}}`},
		"promoted, the whole":     {run[inner3](`{"N":0}`), `{"A":0,"N":1}`},
		"promoted by a pointer":   {run[pointed](`{"N":0}`), `{"N":1}`},
		"a pointer that is nil":   {run[pointed](`{}`), `{}`},
		"hidden":                  {run[hides1](`{"N":0}`), `{"N":2}`},
		"promoted, generic":       {run[generic[int]](`{"N":0}`), `{"N":1,"X":0}`},
		"hidden, generic":         {run[genericHides[int]](`{"N":0}`), `{"N":2,"X":0}`},
		"one deeper than another": {run[twoAtOnce](`{"N":0}`), `{"N":1}`},
	}.test(t)
}
