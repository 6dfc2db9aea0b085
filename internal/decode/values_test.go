package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/internal/rule"
)

// values reads "a=1&a=2&b=x" as values, a name's texts together, in order.
func values(query string) (list []decode.Value) {
	if query == "" {
		return nil
	}
next:
	for pair := range strings.SplitSeq(query, "&") {
		name, text, given := strings.Cut(pair, "=")
		for i := range list {
			if list[i].Name == name {
				list[i].Texts = append(list[i].Texts, text)
				continue next
			}
		}
		list = append(list, decode.Value{Name: name})
		if given {
			list[len(list)-1].Texts = []string{text}
		}
	}
	return list
}

// outcome is the value as Go writes it, or the problems as "path state".
func outcome(t testing.TB, v any, problems []decode.Problem, err error) string {
	t.Helper()
	if err != nil {
		return err.Error()
	}
	if len(problems) > 0 {
		var list []string
		for _, p := range problems {
			list = append(list, p.Path+" "+p.State)
		}
		return strings.Join(list, ", ")
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func given[T any](body string, list ...decode.Value) func(t *testing.T) string {
	return func(t *testing.T) string {
		v := new(T)
		problems, err := compile[T](t).DecodeWith([]byte(body), list, v)
		return outcome(t, v, problems, err)
	}
}

func strictWith[T any](body string, list ...decode.Value) func(t *testing.T) string {
	return func(t *testing.T) string {
		v := new(T)
		problems, err := compile[T](t).Strict().DecodeWith([]byte(body), list, v)
		return outcome(t, v, problems, err)
	}
}

// cents reads a number and nothing else, badge a string and nothing else.
type cents int

func (c *cents) UnmarshalJSON(b []byte) (err error) {
	v, err := strconv.Atoi(string(b))
	*c = cents(v)
	return err
}

type badge string

func (u *badge) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, (*string)(u)) }

type small8 int8

func (s small8) Validate() error {
	if s == 13 {
		return errors.New("unlucky")
	}
	return nil
}

func TestValues(t *testing.T) {
	type all struct {
		S string  `json:"s" maxLength:"3" default:"d"`
		I int     `json:"i" required:"true" minimum:"1"`
		L []int   `json:"l" maxItems:"2"`
		P *string `json:"p"`
	}
	cases{
		"by the type":               {given[all](``, values("s=a b&i=42&l=1&l=2&p=")...), `{"s":"a b","i":42,"l":[1,2],"p":""}`},
		"present and default":       {given[all](``, values("i=1")...), `{"s":"d","i":1,"l":null,"p":null}`},
		"missing":                   {given[all](``, values("s=")...), `i missing`},
		"with the body":             {given[all](`{"i":7}`, values("s=x")...), `{"s":"x","i":7,"l":null,"p":null}`},
		"over the body":             {given[all](`{"i":7,"s":"y","l":[3]}`, values("s=x&l=1")...), `{"s":"x","i":7,"l":[1],"p":null}`},
		"over problems":             {given[all](`{"i":"x","s":1,"l":{}}`, values("s=x&l=1&i=3")...), `{"s":"x","i":3,"l":[1],"p":null}`},
		"over what comes twice":     {given[all](`{"i":1,"s":"y","s":"z","i":5,"l":[1],"l":[2]}`, values("s=x")...), `{"s":"x","i":5,"l":[2],"p":null}`},
		"the rest stays wrong":      {given[all](`{"i":0,"l":[1,2,3]}`, values("s=x")...), `i invalid, l invalid`},
		"broken JSON wins":          {given[all](`{"i":0,`, values("s=long&i=x")...), decode.ErrNotObject.Error()},
		"broken JSON replaced":      {given[all](`{"i":tru}`, values("i=1")...), decode.ErrNotObject.Error()},
		"no object":                 {given[all](`[]`, values("i=1")...), decode.ErrNotObject.Error()},
		"behind the object":         {given[all](`{}x`, values("i=1")...), decode.ErrNotObject.Error()},
		"rules":                     {given[all](``, values("s=long&i=0&l=1&l=2&l=3")...), `s invalid, i invalid, l invalid`},
		"wrong types":               {given[all](``, values("i=x&l=1&l=y")...), `i invalid, l[1] invalid`},
		"the last":                  {given[all](``, values("i=1&i=2&s=x&s=y")...), `{"s":"y","i":2,"l":null,"p":null}`},
		"the first value wins":      {given[all](``, append(values("i=1"), values("i=2&i=3&s=z")...)...), `{"s":"z","i":1,"l":null,"p":null}`},
		"unknown":                   {given[all](``, values("i=1&I=2&x=3&=4")...), `{"s":"d","i":1,"l":null,"p":null}`},
		"no text":                   {given[all](``, values("i")...), `i missing`},
		"not UTF-8":                 {given[all](``, values("i=1&s=\xff&p=a\xc0")...), `s invalid, p invalid`},
		"strict, unknown":           {strictWith[all](`{"y":1}`, values("i=1&I=2&x=3&\xff=4")...), "I unknown, x unknown, y unknown, \uFFFD unknown"},
		"strict, twice":             {strictWith[all](``, values("i=1&i=2&s=x")...), `i duplicate`},
		"strict, list":              {strictWith[all](``, values("i=1&l=1&l=2")...), `{"s":"d","i":1,"l":[1,2],"p":null}`},
		"strict, in both":           {strictWith[all](`{"i":1,"s":"x"}`, values("i=1")...), `i duplicate`},
		"strict, two values":        {strictWith[all](``, append(values("i=1"), values("i=1")...)...), `i duplicate`},
		"pointer to it":             {given[*all](`{"s":"x"}`, values("i=5")...), `{"s":"x","i":5,"l":null,"p":null}`},
		"not a list of lists":       {given[one[[][]int]](``, values("v=1")...), `v[0] invalid`},
		"not a struct":              {given[one[one[int]]](``, values("v={}")...), `v invalid`},
		"not an object":             {given[one[map[string]any]](``, values("v={}")...), `v invalid`},
		"array":                     {given[one[[3]int]](``, values("v=1&v=2")...), `{"v":[1,2,0]}`},
		"array, too many":           {given[one[[1]int]](``, values("v=1&v=2")...), `v invalid`},
		"pointers":                  {given[one[**int]](``, values("v=5")...), `{"v":5}`},
		"pointer to a list":         {given[one[*[]*int]](``, values("v=5&v=6")...), `{"v":[5,6]}`},
		"null":                      {given[one[*int]](``, values("v=null")...), `v invalid`},
		"null as text":              {given[one[*string]](``, values("v=null")...), `{"v":"null"}`},
		"any":                       {given[one[any]](``, values("v=1")...), `{"v":"1"}`},
		"raw":                       {given[one[json.RawMessage]](``, values("v=a\"b")...), `{"v":"a\"b"}`},
		"number":                    {given[one[json.Number]](``, values("v=1.50")...), `{"v":1.50}`},
		"number, not":               {given[one[json.Number]](``, values("v=1.50x")...), `v invalid`},
		"time":                      {given[one[time.Time]](``, values("v=2026-11-21T00:00:00Z")...), `{"v":"2026-11-21T00:00:00Z"}`},
		"time, not":                 {given[one[time.Time]](``, values("v=now")...), `v invalid`},
		"UnmarshalText":             {given[one[color]](``, values("v=red")...), `{"v":"red"}`},
		"UnmarshalText refuses":     {given[one[*color]](``, values("v=bad")...), `v invalid`},
		"UnmarshalJSON, number":     {given[one[cents]](``, values("v=12")...), `{"v":12}`},
		"UnmarshalJSON, no number":  {given[one[cents]](``, values("v=x")...), `v invalid`},
		"UnmarshalJSON, string":     {given[one[badge]](``, values("v=a\"b")...), `{"v":"a\"b"}`},
		"UnmarshalJSON, 12 as text": {given[one[badge]](``, values("v=12")...), `{"v":"12"}`},
		"bytes":                     {given[one[[]byte]](``, values("v=aGk=")...), `{"v":"aGk="}`},
		"bytes, not":                {given[one[[]byte]](``, values("v=?")...), `v invalid`},
		"Validate":                  {given[one[small8]](``, values("v=13")...), `v invalid`},
		"Validate an element":       {given[one[[]*small8]](``, values("v=1&v=13")...), `v[1] invalid`},
		"Validate a member":         {given[map[string]small8](``, values("a=13&b=1")...), `a invalid`},
		"embedded pointer":          {given[struct{ *Outer }](``, values("same=3")...), `{"outer":"","same":3}`},
		"quoted":                    {given[quoted](``, values("i=12&s=x")...), `{"i":"12","s":"\"x\""}`},
		"map":                       {given[map[string]int](`{"a":1,"b":"x","b":2,"c":3}`, values("c=4&d=5")...), `{"a":1,"b":2,"c":4,"d":5}`},
		"map, over problems":        {given[map[string]int](`{"a":"x","a":true,"b":"y"}`, values("a=4")...), `b invalid`},
		"map, wrong":                {given[map[string]int](`{"a":1}`, values("b=y&\xff=1")...), "b invalid, \uFFFD invalid"},
		"map, keys":                 {given[map[int]int](`{"1":1}`, values("2=2&x=1")...), `x invalid`},
		"map, strict":               {strictWith[map[string]int](`{"a":1}`, values("a=2&b=3")...), `a duplicate`},
		"map, broken":               {given[map[string]int](`{"a":1`, values("a=2")...), decode.ErrNotObject.Error()},
		"map of lists":              {given[map[string][]int](``, values("a=2&a=3&b=4")...), `{"a":[2,3],"b":[4]}`},
		"any request":               {given[any](`{"a":1}`, values("b=2")...), `{"a":1,"b":"2"}`},
		"UnmarshalJSON request":     {given[cents](`{}`, values("b=2")...), ` invalid`},
	}.test(t)
}

type quoted struct {
	I int    `json:"i,string"`
	S string `json:"s,string"`
}

func TestObjectWith(t *testing.T) {
	run := func(body string, strict bool, list ...decode.Value) func(t *testing.T) string {
		return func(t *testing.T) string {
			m, problems, err := decode.ObjectWith([]byte(body), list, strict)
			return outcome(t, m, problems, err)
		}
	}
	cases{
		"text":             {run(``, false, values("a=1&b=")...), `{"a":"1","b":""}`},
		"over the body":    {run(`{"a":{"x":1},"c":2.0}`, false, values("a=1")...), `{"a":"1","c":2.0}`},
		"several":          {run(``, false, values("a=1&a=2")...), `{"a":["1","2"]}`},
		"first wins":       {run(``, false, append(values("a=1"), values("a=2")...)...), `{"a":"1"}`},
		"none":             {run(`{"a":1}`, false, values("a")...), `{"a":1}`},
		"no values":        {run(`{"a":1,"a":2}`, false), `{"a":2}`},
		"broken":           {run(`{`, false, values("a=1")...), decode.ErrNotObject.Error()},
		"not UTF-8":        {run(``, false, values("a=\xff&\xff=1")...), "a invalid, \uFFFD invalid"},
		"strict":           {run(`{"a":1}`, true, values("a=1&b=1&b=2")...), `a duplicate`},
		"strict, the body": {run(`{"a":1,"a":2}`, true, values("b=1")...), `a duplicate`},
		"strict, several":  {run(`{"a":1}`, true, values("b=1&b=2")...), `{"a":1,"b":["1","2"]}`},
	}.test(t)
}

// A plan says which names may be given as text, so that a pattern of a path can be
// refused at start.
func TestTakes(t *testing.T) {
	type all struct {
		Text  string           `json:"text"`
		List  []*time.Time     `json:"list"`
		Deep  [][]int          `json:"deep"`
		In    one[int]         `json:"in"`
		Map   map[string]int   `json:"map"`
		Any   any              `json:"any"`
		Array [2]bool          `json:"array"`
		Ptr   *[]string        `json:"ptr"`
		Objs  []map[string]any `json:"objs"`
	}
	for name, want := range map[string]bool{"text": true, "list": true, "deep": false, "in": false, "map": false, "any": true,
		"array": true, "ptr": true, "objs": false, "Text": false, "": false} {
		if got := compile[*all](t).Takes(name); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
	if !compile[map[string]int](t).Takes("x") || compile[map[string]one[int]](t).Takes("x") || !compile[any](t).Takes("x") || compile[cents2](t).Takes("x") {
		t.Error("of a map, any, or a type with UnmarshalJSON")
	}
}

type cents2 struct{ cents }

// Neither names nor texts may be pointed to: they may lie in memory that is used again.
func TestValuesAreCopied(t *testing.T) {
	type all struct {
		S string         `json:"s"`
		N json.Number    `json:"n"`
		L []string       `json:"l"`
		A any            `json:"a"`
		C color          `json:"c"`
		B badge          `json:"b"`
		M map[string]any `json:"-"`
	}
	var sent [][]byte
	text := func(s string) string {
		sent = append(sent, []byte(s))
		return stringOf(sent[len(sent)-1])
	}
	list := []decode.Value{{Name: text("s"), Texts: []string{text("text")}}, {Name: text("n"), Texts: []string{text("1234")}}, {Name: text("l"), Texts: []string{text("one"), text("two")}},
		{Name: text("a"), Texts: []string{text("any")}}, {Name: text("c"), Texts: []string{text("red")}}, {Name: text("b"), Texts: []string{text("badge")}}}
	var v all
	if problems, err := compile[all](t).DecodeWith(nil, list, &v); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	v.M, _, _ = decode.ObjectWith(nil, list, false)
	m := map[string]int{}
	_, _ = compile[map[string]int](t).DecodeWith(nil, []decode.Value{{Name: text("key"), Texts: []string{text("1")}}}, &m)
	for _, b := range sent {
		for i := range b {
			b[i] = '!'
		}
	}
	got := fmt.Sprint(v, m)
	if want := "{text 1234 [one two] any {red} badge map[a:any b:badge c:red l:[one two] n:1234 s:text]} map[key:1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Problems of values are as many as those of a body.
func TestValuesAreBounded(t *testing.T) {
	type lists struct {
		L []int `json:"l"`
	}
	texts := make([]string, 10_000)
	var v lists
	problems, err := compile[lists](t).DecodeWith(nil, []decode.Value{{Name: "l", Texts: texts}}, &v)
	if err != nil || len(problems) != 100 {
		t.Errorf("got %d problems, %v", len(problems), err)
	}
	list := make([]decode.Value, 10_000)
	for i := range list {
		list[i] = decode.Value{Name: strings.Repeat("x", 1000) + strconv.Itoa(i), Texts: []string{"1"}}
	}
	problems, _ = compile[lists](t).Strict().DecodeWith(nil, list, &v)
	for _, p := range problems {
		if len(p.Path) > 100 {
			t.Fatal(p.Path)
		}
	}
}

// BenchmarkValues decodes a path's and a query's values, without a body and with one.
func BenchmarkValues(b *testing.B) {
	type request struct {
		ID    int64     `json:"id" required:"true" minimum:"1"`
		Limit int       `json:"limit" default:"10" maximum:"100"`
		Since time.Time `json:"since"`
		Order string    `json:"order" enum:"asc,desc"`
		Tags  []string  `json:"tags"`
		Name  string    `json:"name"`
	}
	plan := compile[request](b)
	list := values("id=17&limit=50&order=desc&tags=red&tags=green")
	for name, body := range map[string][]byte{"without a body": nil, "with a body": []byte(`{"id":3,"name":"Ann"}`)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var v request
				if problems, err := plan.DecodeWith(body, list, &v); err != nil || problems != nil {
					b.Fatal(problems, err)
				}
			}
		})
	}
}

// scalarsOf has a field for each kind of number.
type scalarsOf struct {
	I   int64       `json:"i"`
	I8  int8        `json:"i8"`
	I16 int16       `json:"i16"`
	I32 int32       `json:"i32"`
	U   uint64      `json:"u"`
	U8  uint8       `json:"u8"`
	U16 uint16      `json:"u16"`
	U32 uint32      `json:"u32"`
	F   float64     `json:"f"`
	F32 float32     `json:"f32"`
	B   bool        `json:"b"`
	N   json.Number `json:"n"`
	S   string      `json:"s"`
	T   time.Time   `json:"t"`
}

// FuzzText holds what a text becomes against strconv, time and utf8: every number
// that JSON has, and no other.
func FuzzText(f *testing.F) {
	for _, text := range append(numberTexts, "true", "false", "True", "t", "null", "", " 1", "1 ", "2026-11-21T07:24:47.5+01:00", "2026-11-21", "\xff", "é") {
		f.Add(text)
	}
	plan := compile[scalarsOf](f)
	f.Fuzz(func(t *testing.T, text string) { checkText(t, plan, text) })
}

var numberTexts = []string{"0", "-0", "1", "-1", "+1", "01", "1.", ".5", "1.0", "1e0", "1E+2", "1e", "0x1", "1_0", "127", "128", "-128", "-129", "255", "256",
	"32767", "32768", "65535", "65536", "2147483647", "2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
	"-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "3.4028235e38", "3.5e38", "1.7976931348623157e308", "1e309", "1e-400", "inf", "NaN", "Infinity"}

func checkText(t testing.TB, plan *decode.Plan, text string) {
	t.Helper()
	_, isNumber := rule.ParseDecimal(text)
	typ := reflect.TypeFor[scalarsOf]()
	for i := range typ.NumField() {
		name := typ.Field(i).Tag.Get("json")
		var v scalarsOf
		problems, err := plan.DecodeWith(nil, []decode.Value{{Name: name, Texts: []string{text}}}, &v)
		got, bits := reflect.ValueOf(v).Field(i), 0
		if err != nil || len(problems) > 1 || len(problems) == 1 && (problems[0].Path != name || problems[0].State != decode.Invalid) {
			t.Fatalf("%s=%q: got %v, %v", name, text, problems, err)
		}
		if got.CanInt() || got.CanUint() || got.CanFloat() {
			bits = got.Type().Bits()
		}
		var want any
		ok := isNumber
		switch {
		case got.CanInt():
			want, err = strconv.ParseInt(text, 10, bits)
			want = reflect.ValueOf(want).Convert(got.Type()).Interface()
		case got.CanUint():
			want, err = strconv.ParseUint(text, 10, bits)
			want = reflect.ValueOf(want).Convert(got.Type()).Interface()
		case got.CanFloat():
			want, err = strconv.ParseFloat(text, bits)
			want = reflect.ValueOf(want).Convert(got.Type()).Interface()
		case name == "b":
			ok, want = text == "true" || text == "false", text == "true"
		case name == "n":
			want = json.Number(text)
		case name == "s":
			ok, want = utf8.ValidString(text), text
		default:
			var at time.Time
			ok, err = utf8.ValidString(text), at.UnmarshalText([]byte(text))
			want = at
		}
		if ok = ok && err == nil; ok != (problems == nil) || ok && !reflect.DeepEqual(got.Interface(), want) {
			t.Errorf("%s=%q: got %v, %v, want %v, %t", name, text, got, problems, want, ok)
		}
	}
}

// TestText is FuzzText for numbers around every limit.
func TestText(t *testing.T) {
	plan := compile[scalarsOf](t)
	for _, text := range numberTexts {
		checkText(t, plan, text)
	}
	for _, limit := range []int64{math.MinInt8, math.MaxInt8, math.MaxUint8, math.MaxUint16, math.MinInt16, math.MaxInt16, math.MinInt32, math.MaxInt32, math.MaxUint32, math.MaxInt64 - 1, math.MinInt64 + 1} {
		for off := range int64(3) {
			checkText(t, plan, strconv.FormatInt(limit-1+off, 10))
		}
	}
}

// merged is a request whose values can be written into its body.
type merged struct {
	S string         `json:"s" maxLength:"5"`
	D string         `json:"d" default:"x"`
	R string         `json:"r" required:"true"`
	L []string       `json:"l" minItems:"1"`
	I *int           `json:"i"`
	M *merged        `json:"m"`
	A map[string]any `json:"a"`
}

// FuzzValues holds a body with values against the body with these values in it.
func FuzzValues(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "s", "text")
		f.Add([]byte(s), "r", "\xff")
	}
	f.Add([]byte(`{"s":1,"s":"x","r":null,"l":[],"i":3,"m":{"s":1,"r":"","l":["a"],"l":[]}}`), "l", "a")
	f.Add([]byte(`{"s":1,"r":"r"}`), "s", "longer")
	plan := compile[merged](f)
	f.Fuzz(func(t *testing.T, body []byte, name, text string) {
		if !utf8.ValidString(text) {
			text = "\xff"
		}
		var got, want merged
		problems, err := plan.DecodeWith(body, []decode.Value{{Name: name, Texts: []string{text}}}, &got)
		object, objectErr := decode.Object(body)
		if err != nil || objectErr != nil {
			if !errors.Is(err, objectErr) {
				t.Fatalf("%q with %q=%q: got %v, want %v", body, name, text, err, objectErr)
			}
			return
		}
		switch {
		case name == "l":
			object[name] = []any{text}
		case name == "i" || name == "m" || name == "a": // text is none, but that of an int
			object[name] = true
			if text != "null" && name == "i" && json.Valid([]byte(text)) && strings.TrimSpace(text) == text {
				object[name] = json.RawMessage(text)
			}
		default:
			object[name] = text
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(object); err != nil {
			t.Fatal(err)
		}
		wanted, err := plan.Decode(b.Bytes(), &want)
		if text == "\xff" && (name == "s" || name == "d" || name == "r" || name == "l") {
			if len(problems) == 0 {
				t.Fatalf("%q with %q: what is not UTF-8 was accepted", body, name)
			}
			return
		}
		if err != nil || !reflect.DeepEqual(problems, wanted) || problems == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q with %q=%q: got %+v, %v, want %+v, %v, %v", body, name, text, got, problems, want, wanted, err)
		}
	})
}

func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
