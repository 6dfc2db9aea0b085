package decode_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/apiphant/apiphant/internal/decode"
)

func compile[T any](t testing.TB) *decode.Plan {
	t.Helper()
	plan, err := decode.Compile(reflect.TypeFor[T](), meaning)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// run decodes into a T and says what came of it: the value as Go writes it, or the
// problems as "path state".
func run[T any](body string) func(t *testing.T) string {
	return func(t *testing.T) string {
		v := new(T)
		problems, err := compile[T](t).Decode([]byte(body), v)
		if err != nil {
			return err.Error()
		}
		if problems == nil {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		var list []string
		for _, p := range problems {
			list = append(list, p.Path+" "+p.State)
		}
		return strings.Join(list, ", ")
	}
}

type cases map[string]struct {
	run  func(t *testing.T) string
	want string
}

func (c cases) test(t *testing.T) {
	t.Helper()
	for name, tc := range c {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.run(t), tc.want); d != "" {
				t.Error(d)
			}
		})
	}
}

type one[T any] struct {
	V T `json:"v"`
}

type color struct{ name string }

func (c *color) UnmarshalText(b []byte) error {
	if c.name = string(b); c.name == "bad" {
		return errors.New("bad color")
	}
	return nil
}
func (c color) MarshalText() ([]byte, error) { return []byte(c.name), nil }

type upper string

func (u *upper) UnmarshalJSON(b []byte) error {
	var s string
	err := json.Unmarshal(b, &s)
	*u = upper(strings.ToUpper(s))
	return err
}

func TestKinds(t *testing.T) {
	cases{
		"bool":                       {run[one[bool]](`{"v":true}`), `{"v":true}`},
		"bool from text":             {run[one[bool]](`{"v":"true"}`), `v invalid`},
		"bool from number":           {run[one[bool]](`{"v":1}`), `v invalid`},
		"int":                        {run[one[int]](`{"v":-9223372036854775808}`), `{"v":-9223372036854775808}`},
		"int too large":              {run[one[int]](`{"v":9223372036854775808}`), `v invalid`},
		"int much too large":         {run[one[int]](`{"v":99999999999999999999999999}`), `v invalid`},
		"int from text":              {run[one[int]](`{"v":"1"}`), `v invalid`},
		"int from 1.0":               {run[one[int]](`{"v":1.0}`), `v invalid`},
		"int from 1e0":               {run[one[int]](`{"v":1e0}`), `v invalid`},
		"int8":                       {run[one[int8]](`{"v":-128}`), `{"v":-128}`},
		"int8 too large":             {run[one[int8]](`{"v":128}`), `v invalid`},
		"int8 too small":             {run[one[int8]](`{"v":-129}`), `v invalid`},
		"uint64":                     {run[one[uint64]](`{"v":18446744073709551615}`), `{"v":18446744073709551615}`},
		"uint64 too large":           {run[one[uint64]](`{"v":18446744073709551616}`), `v invalid`},
		"uint negative":              {run[one[uint]](`{"v":-1}`), `v invalid`},
		"uint from -0":               {run[one[uint]](`{"v":-0}`), `v invalid`},
		"int from -0":                {run[one[int]](`{"v":-0}`), `{"v":0}`},
		"float32 too large":          {run[one[float32]](`{"v":1e39}`), `v invalid`},
		"float64":                    {run[one[float64]](`{"v":1.5e3}`), `{"v":1500}`},
		"float64 too large":          {run[one[float64]](`{"v":1e400}`), `v invalid`},
		"string":                     {run[one[string]](`{"v":"é\n"}`), `{"v":"é\n"}`},
		"string from number":         {run[one[string]](`{"v":1}`), `v invalid`},
		"number":                     {run[one[json.Number]](`{"v":1.0}`), `{"v":1.0}`},
		"number from text":           {run[one[json.Number]](`{"v":"1"}`), `v invalid`},
		"duration":                   {run[one[time.Duration]](`{"v":5}`), `{"v":5}`},
		"time":                       {run[one[time.Time]](`{"v":"2026-11-21T07:24:47Z"}`), `{"v":"2026-11-21T07:24:47Z"}`},
		"time that is none":          {run[one[time.Time]](`{"v":"2026-02-30T07:24:47Z"}`), `v invalid`},
		"bytes":                      {run[one[[]byte]](`{"v":"aGk="}`), `{"v":"aGk="}`},
		"bytes that are none":        {run[one[[]byte]](`{"v":"a"}`), `v invalid`},
		"raw":                        {run[one[json.RawMessage]](`{"v":[ 1 ]}`), `{"v":[1]}`},
		"raw null":                   {run[one[json.RawMessage]](`{"v":null}`), `{"v":null}`},
		"any":                        {run[one[any]](`{"v":[1.0,{"a":null}]}`), `{"v":[1.0,{"a":null}]}`},
		"any null":                   {run[one[any]](`{"v":null}`), `{"v":null}`},
		"pointer":                    {run[one[*int]](`{"v":0}`), `{"v":0}`},
		"pointer null":               {run[one[*int]](`{"v":null}`), `{"v":null}`},
		"pointer wrong":              {run[one[*int]](`{"v":"x"}`), `v invalid`},
		"pointer to pointer":         {run[one[**string]](`{"v":"x"}`), `{"v":"x"}`},
		"null":                       {run[one[int]](`{"v":null}`), `v invalid`},
		"null struct":                {run[one[one[int]]](`{"v":null}`), `v invalid`},
		"null list":                  {run[one[[]int]](`{"v":null}`), `v invalid`},
		"null map":                   {run[one[map[string]int]](`{"v":null}`), `v invalid`},
		"null object":                {run[one[map[string]any]](`{"v":null}`), `v invalid`},
		"null with UnmarshalJSON":    {run[one[upper]](`{"v":null}`), `{"v":""}`},
		"null pointer to it":         {run[one[*upper]](`{"v":null}`), `{"v":null}`},
		"null element":               {run[one[[]int]](`{"v":[1,2,null]}`), `v[2] invalid`},
		"null pointer element":       {run[one[[]*int]](`{"v":[1,null]}`), `{"v":[1,null]}`},
		"list":                       {run[one[[]int]](`{"v":[1,2,3,4,5,6,7,8,9,10]}`), `{"v":[1,2,3,4,5,6,7,8,9,10]}`},
		"empty list":                 {run[one[[]int]](`{"v":[]}`), `{"v":[]}`},
		"list wrong":                 {run[one[[]int]](`{"v":{"a":[1]}}`), `v invalid`},
		"elements wrong":             {run[one[[]int]](`{"v":["a",1,[2],{}]}`), `v[0] invalid, v[2] invalid, v[3] invalid`},
		"lists of lists":             {run[one[[][]string]](`{"v":[["a"],[],["b","c",1]]}`), `v[2][2] invalid`},
		"array":                      {run[one[[3]int]](`{"v":[1,2]}`), `{"v":[1,2,0]}`},
		"array too long":             {run[one[[2]int]](`{"v":[1,"x",3]}`), `v invalid`},
		"map":                        {run[one[map[string]int]](`{"v":{"a":1,"b":2}}`), `{"v":{"a":1,"b":2}}`},
		"map of structs":             {run[one[map[string]one[int]]](`{"v":{"key":{"v":"x"},"b":{"v":1}}}`), `v.key.v invalid`},
		"map, each anew":             {run[one[map[string]base]](`{"v":{"a":{"id":1,"name":"x"},"b":{"id":2}}}`), `{"v":{"a":{"id":1,"name":"x"},"b":{"id":2,"name":""}}}`},
		"map with a wrong key twice": {run[one[map[int8]int]](`{"v":{"300":1,"300":1}}`), `v.300 invalid`},
		"map with int keys":          {run[one[map[int8]int]](`{"v":{"-1":1}}`), `{"v":{"-1":1}}`},
		"map with a wrong int key":   {run[one[map[int8]int]](`{"v":{"300":1}}`), `v.300 invalid`},
		"map with uint keys":         {run[one[map[uint]int]](`{"v":{"7":1}}`), `{"v":{"7":1}}`},
		"map with text keys":         {run[one[map[color]int]](`{"v":{"red":1}}`), `{"v":{"red":1}}`},
		"map with a wrong text key":  {run[one[map[color]int]](`{"v":{"bad":1}}`), `v.bad invalid`},
		"UnmarshalText":              {run[one[color]](`{"v":"r\u0065d"}`), `{"v":"red"}`},
		"UnmarshalText fails":        {run[one[color]](`{"v":"bad"}`), `v invalid`},
		"UnmarshalText of a number":  {run[one[color]](`{"v":1}`), `v invalid`},
		"UnmarshalJSON":              {run[one[[]upper]](`{"v":["a","b"]}`), `{"v":["A","B"]}`},
		"UnmarshalJSON fails":        {run[one[[]upper]](`{"v":["a",{}]}`), `v[1] invalid`},
		"struct from text":           {run[one[one[int]]](`{"v":"x"}`), `v invalid`},
		"map of any":                 {run[one[map[string]any]](`{"v":{"a":1.0}}`), `{"v":{"a":1.0}}`},
	}.test(t)
}

// The errors of these methods quote what the caller sent, and a cause is logged.
func TestUnmarshalersAreNoCause(t *testing.T) {
	type all struct {
		Time  time.Time `json:"time"`
		Color color     `json:"color"`
		Upper *upper    `json:"upper"`
	}
	problems, err := compile[all](t).Decode([]byte(`{"time":"x","color":"bad","upper":{}}`), new(all))
	want := []decode.Problem{{Path: "time", State: "invalid", Explain: map[string]any{"format": "date-time"}}, {Path: "color", State: "invalid"}, {Path: "upper", State: "invalid"}}
	if d := cmp.Diff(problems, want, cmpopts.EquateErrors()); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestKeys(t *testing.T) {
	type two struct {
		A int `json:"a"`
		B int
	}
	cases{
		"letter case of a tag":   {run[two](`{"A":"x","a":1}`), `{"a":1,"B":0}`},
		"letter case of a name":  {run[two](`{"b":"x","B":1}`), `{"a":0,"B":1}`},
		"escaped key":            {run[two](`{"\u0061":1}`), `{"a":1,"B":0}`},
		"any order":              {run[two](`{"B":2,"a":1}`), `{"a":1,"B":2}`},
		"unknown":                {run[two](`{"x":[{"a":"\n"}],"a":1,"y":{}}`), `{"a":1,"B":0}`},
		"twice":                  {run[two](`{"a":1,"a":2}`), `{"a":2,"B":0}`},
		"twice, the first wrong": {run[two](`{"a":"x","a":2}`), `{"a":2,"B":0}`},
		"twice, the last wrong":  {run[two](`{"a":1,"a":"x"}`), `a invalid`},
		"twice, one escaped":     {run[two](`{"a":"x","\u0061":2}`), `{"a":2,"B":0}`},
		"twice, both wrong":      {run[two](`{"a":"x","a":"y"}`), `a invalid`},
		"no merging of objects":  {run[one[two]](`{"v":{"a":1},"v":{"B":2}}`), `{"v":{"a":0,"B":2}}`},
		"no merging of maps":     {run[one[map[string]int]](`{"v":{"a":1},"v":{"b":2}}`), `{"v":{"b":2}}`},
		"no merging of lists":    {run[one[[]two]](`{"v":[{"a":1,"B":1}],"v":[{"a":2}]}`), `{"v":[{"a":2,"B":0}]}`},
		"twice in a map":         {run[map[string]two](`{"k":{"a":1},"k":{"B":2}}`), `{"k":{"a":0,"B":2}}`},
		"twice in a map, wrong":  {run[map[string]two](`{"k":{"a":"x"},"k":{"B":2}}`), `{"k":{"a":0,"B":2}}`},
		"twice in two ways":      {run[map[int]int](`{"1":"x","01":2}`), `1 invalid`},
		"presence of the last": {run[one[struct {
			A int `json:"a" required:"true"`
		}]](`{"v":{"a":1},"v":{}}`), `v.a missing`},
		"a hundred problems replaced": {run[struct {
			L []int `json:"l"`
			X int   `json:"x"`
		}](`{"l":[` + strings.Repeat(`"x",`, 200) + `1],"x":"wrong","l":[]}`), `x invalid`},
	}.test(t)
}

type base struct {
	ID   int    `json:"id" required:"true"`
	Name string `json:"name"`
}

type Deep struct {
	Depth int `json:"depth" default:"3"`
}

func TestEmbedded(t *testing.T) {
	type plain struct {
		base
		Name string `json:"name"` // nearer: hides base's
	}
	type pointer struct {
		*Deep
		X int `json:"x"`
	}
	type a struct{ Same int }
	type b struct{ Same int }
	type conflict struct {
		a
		b
	}
	type left struct{ a }
	type right struct{ a }
	type twice struct {
		left
		right
	}
	type tagged struct {
		Same int `json:"Same"`
	}
	type tagWins struct {
		a
		tagged
	}
	type named struct {
		Base base `json:"base"`
		Deep `json:"deep"`
	}
	cases{
		"promoted":        {run[plain](`{"id":1,"name":"x"}`), `{"id":1,"name":"x"}`},
		"rules":           {run[plain](`{"name":1}`), `id missing, name invalid`},
		"pointer":         {run[pointer](`{"depth":5}`), `{"depth":5,"x":0}`},
		"pointer default": {run[pointer](`{}`), `{"depth":3,"x":0}`},
		"pointer wrong":   {run[pointer](`{"depth":"x"}`), `depth invalid`},
		"conflict":        {run[conflict](`{"Same":"x"}`), `{}`},
		"twice one type":  {run[twice](`{"Same":"x"}`), `{}`},
		"the tag wins":    {run[tagWins](`{"Same":1}`), `{"Same":1}`},
		"named":           {run[named](`{"deep":{"depth":"x"}}`), `deep.depth invalid`},
	}.test(t)
}

func TestQuoted(t *testing.T) {
	type quoted struct {
		I int     `json:"i,string" minimum:"1" default:"7"`
		P *bool   `json:"p,string"`
		S string  `json:"s,string"`
		F float64 `json:",string"`
	}
	cases{
		"all":          {run[quoted](`{"i":"12","p":"true","s":"\"x\"","F":"1.5"}`), `{"i":"12","p":"true","s":"\"x\"","F":"1.5"}`},
		"default":      {run[quoted](`{}`), `{"i":"7","p":null,"s":"\"\"","F":"0"}`},
		"rule":         {run[quoted](`{"i":"0"}`), `i invalid`},
		"not quoted":   {run[quoted](`{"i":1,"p":true,"s":"x","F":1}`), `i invalid, p invalid, s invalid, F invalid`},
		"with a space": {run[quoted](`{"i":" 1","p":"true ","F":""}`), `i invalid, p invalid, F invalid`},
		"null":         {run[quoted](`{"p":null}`), `{"i":"7","p":null,"s":"\"\"","F":"0"}`},
		"quoted null":  {run[quoted](`{"i":"null"}`), `i invalid`},
	}.test(t)
}

func TestRoots(t *testing.T) {
	cases{
		"map":                {run[map[string]int](`{"a":1,"b":"x"}`), `b invalid`},
		"map of any":         {run[map[string]any](`{"a":1.0}`), `{"a":1.0}`},
		"any":                {run[any](`{"a":1.0}`), `{"a":1.0}`},
		"pointer":            {run[*one[int]](`{"v":1}`), `{"v":1}`},
		"empty body":         {run[*one[int]](``), `{"v":0}`},
		"any, empty body":    {run[any](``), `{}`},
		"recursive":          {run[everything](`{"self":{"selves":[{"self":{"int":"x"}}]}}`), `self.selves[0].self.int invalid`},
		"problems in order":  {run[everything](`{"strings":[1],"int8":1000,"bool":0,"ints":["x"]}`), `bool invalid, int8 invalid, ints[0] invalid, strings[0] invalid`},
		"a list in ten more": {run[one[[]string]](`{"v":[` + strings.Repeat(`"x",`, 10) + `0]}`), `v[10] invalid`},
	}.test(t)
}

func TestDecodeRefuses(t *testing.T) {
	plan := compile[everything](t)
	for name, body := range notObjects {
		t.Run(name, func(t *testing.T) {
			if problems, err := plan.Decode([]byte(body), new(everything)); !errors.Is(err, decode.ErrNotObject) {
				t.Errorf("got %v, %v", problems, err)
			}
		})
	}
}

func TestManyProblems(t *testing.T) {
	key := strings.Repeat("é", 1000)
	body := `{"v":{"` + key + `":[` + strings.Repeat(`"x",`, 5000) + `1]}}`
	problems, err := compile[one[map[string][]int]](t).Decode([]byte(body), new(one[map[string][]int]))
	if err != nil || len(problems) != 100 {
		t.Fatal(len(problems), err)
	}
	if want := "v." + strings.Repeat("é", 32) + "…[0]"; problems[0].Path != want {
		t.Errorf("got %s, want %s", problems[0].Path, want)
	}
}

func TestFloats(t *testing.T) {
	plan := compile[one[float64]](t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		digits := strconv.FormatUint(random.Uint64()>>random.IntN(64), 10)
		if point := random.IntN(len(digits) + 1); point > 0 && point < len(digits) {
			digits = strings.TrimLeft(digits[:point], "0") + "." + digits[point:]
		}
		var v one[float64]
		if problems, err := plan.Decode([]byte(`{"v":-`+digits+`}`), &v); err != nil || problems != nil {
			t.Fatal(digits, problems, err)
		}
		if want, _ := strconv.ParseFloat("-"+digits, 64); v.V != want {
			t.Fatalf("%s: got %v, want %v", digits, v.V, want)
		}
	}
}

func TestIntegers(t *testing.T) {
	ints, uints := compile[one[int64]](t), compile[one[uint64]](t)
	random := rand.New(rand.NewPCG(3, 4))
	numbers := []string{"9223372036854775807", "9223372036854775808", "9999999999999999999", "10000000000000000000", "18446744073709551615",
		"18446744073709551616", "19999999999999999999", "20000000000000000000", "36893488147419103232", "99999999999999999999",
		"100000000000000000000", "184467440737095516150", "340282366920938463463374607431768211456"}
	for range 20000 {
		number := strconv.FormatUint(random.Uint64()|1<<60, 10) + strconv.FormatUint(random.Uint64(), 10)
		numbers = append(numbers, number[:15+random.IntN(9)])
	}
	for _, number := range numbers {
		var u one[uint64]
		problems, err := uints.Decode([]byte(`{"v":`+number+`}`), &u)
		if want, wantErr := strconv.ParseUint(number, 10, 64); err != nil || (problems != nil) != (wantErr != nil) || wantErr == nil && u.V != want {
			t.Fatal(number, u.V, problems, err)
		}
		for _, sign := range []string{"", "-"} {
			var i one[int64]
			problems, err := ints.Decode([]byte(`{"v":`+sign+number+`}`), &i)
			if want, wantErr := strconv.ParseInt(sign+number, 10, 64); err != nil || (problems != nil) != (wantErr != nil) || wantErr == nil && i.V != want {
				t.Fatal(sign+number, i.V, problems, err)
			}
		}
	}
}

func TestLengths(t *testing.T) {
	type lengths struct {
		V string `json:"v" minLength:"3" maxLength:"5"`
	}
	plan := compile[lengths](t)
	for _, r := range []string{"a", "é", "€", "😀"} {
		for n := range 8 {
			for ascii := range 8 {
				var v lengths
				problems, err := plan.Decode([]byte(`{"v":"`+strings.Repeat(r, n)+strings.Repeat("a", ascii)+`"}`), &v)
				if length := n + ascii; err != nil || (problems == nil) != (length >= 3 && length <= 5) {
					t.Errorf("%d of %s and %d of a: %v %v", n, r, ascii, problems, err)
				}
			}
		}
	}
}

// A byte that is no UTF-8 is seen wherever it is.
func TestUTF8(t *testing.T) {
	plan := compile[one[string]](t)
	for n := range 80 {
		for i := range n {
			for char, ok := range map[string]bool{"é": true, "\x80": false, "\xe2\x82": false} {
				body := `{"v":"` + strings.Repeat("a", i) + char + strings.Repeat("a", n-i-1) + `"}`
				_, err := decode.Object([]byte(body))
				if _, typedErr := plan.Decode([]byte(body), new(one[string])); (err == nil) != ok || (typedErr == nil) != ok {
					t.Fatalf("%q: %v, %v", body, err, typedErr)
				}
			}
		}
	}
}

// Many short lists of large elements take no more than eight times what is in them.
func TestShortListsTakeLittle(t *testing.T) {
	type large struct {
		A [16]int `json:"a"`
		P *int    `json:"p"`
	}
	body := []byte(`{"v":[` + strings.Repeat(`[{},{},{},{},{}],`, 2000) + `[]]}`)
	plan := compile[one[[][]large]](t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if problems, err := plan.Decode(body, new(one[[][]large])); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 20<<20 {
		t.Errorf("%d bytes took %d", len(body), took)
	}
}

func TestManyFields(t *testing.T) {
	var fields []reflect.StructField
	var body []string
	for i := range 300 {
		tag := fmt.Sprintf(`json:"f%d" required:"true"`, i)
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: reflect.TypeFor[int](), Tag: reflect.StructTag(tag)})
		if i != 200 {
			body = append(body, fmt.Sprintf(`"f%d":%d`, i, i))
		}
	}
	typ := reflect.StructOf(fields)
	plan, err := decode.Compile(typ, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.New(typ)
	problems, err := plan.Decode([]byte("{"+strings.Join(body, ",")+"}"), v.Interface())
	if want := []decode.Problem{{Path: "f200", State: decode.Missing}}; err != nil || !cmp.Equal(problems, want) {
		t.Fatal(problems, err)
	}
	if got := v.Elem().Field(299).Int(); got != 299 {
		t.Error(got)
	}
}

func TestDecodePanicsOnAnotherType(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_, _ = compile[one[int]](t).Decode(nil, new(one[string]))
}
