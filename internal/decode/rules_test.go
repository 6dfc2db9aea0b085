package decode_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/decode"
)

func TestRequired(t *testing.T) {
	type line struct {
		Code string `json:"code" required:"true"`
	}
	type order struct {
		N     int             `json:"n" required:"true"`
		OK    bool            `json:"ok" required:"true"`
		Text  string          `json:"text" required:"true"`
		P     *int            `json:"p" required:"true"`
		One   line            `json:"one"`
		Ptr   *line           `json:"ptr"`
		Lines []line          `json:"lines"`
		Map   map[string]line `json:"map"`
	}
	cases{
		"zero values are there":    {run[order](`{"n":0,"ok":false,"text":"","p":null}`), `{"n":0,"ok":false,"text":"","p":null,"one":{"code":""},"ptr":null,"lines":null,"map":null}`},
		"nothing is there":         {run[order](``), `n missing, ok missing, text missing, p missing`},
		"inside what is there":     {run[order](`{"n":0,"ok":false,"text":"","p":1,"one":{},"ptr":{},"lines":[{"code":""},{}],"map":{"k":{}}}`), `one.code missing, ptr.code missing, lines[1].code missing, map.k.code missing`},
		"among other problems":     {run[order](`{"n":"x","text":1,"p":1}`), `n invalid, ok missing, text invalid`},
		"wrong is not missing too": {run[order](`{"n":null,"ok":false,"text":"","p":1,"one":1}`), `n invalid, one invalid`},
	}.test(t)
}

func TestDefault(t *testing.T) {
	type inside struct {
		X int `json:"x" default:"5"`
		Y int `json:"y"`
	}
	type all struct {
		I   int             `json:"i" default:"-3"`
		F   float64         `json:"f" default:"0.5"`
		B   bool            `json:"b" default:"true"`
		S   string          `json:"s" default:"a \"b\" é"`
		E   string          `json:"e" default:""`
		P   *int            `json:"p" default:"4"`
		L   []int           `json:"l" default:"[1,2]"`
		O   map[string]any  `json:"o" default:"{\"a\":1}"`
		A   any             `json:"a" default:"[true]"`
		N   json.Number     `json:"n" default:"1.0"`
		T   time.Time       `json:"t" default:"2026-11-21T00:00:00Z"`
		R   json.RawMessage `json:"r" default:"{}"`
		In  inside          `json:"in"`
		Ptr *inside         `json:"ptr"`
		D   []byte          `json:"d" default:"aGk="`
	}
	cases{
		"absent": {run[all](`{}`), `{"i":-3,"f":0.5,"b":true,"s":"a \"b\" é","e":"","p":4,"l":[1,2],"o":{"a":1},"a":[true],"n":1.0,"t":"2026-11-21T00:00:00Z","r":{},"in":{"x":5,"y":0},"ptr":null,"d":"aGk="}`},
		"there": {run[all](`{"i":0,"f":0,"b":false,"s":"","e":"e","p":null,"l":[],"o":{},"a":null,"n":0,"t":"2026-11-22T00:00:00Z","r":null,"in":{"y":1},"ptr":{},"d":""}`),
			`{"i":0,"f":0,"b":false,"s":"","e":"e","p":null,"l":[],"o":{},"a":null,"n":0,"t":"2026-11-22T00:00:00Z","r":null,"in":{"x":5,"y":1},"ptr":{"x":5,"y":0},"d":""}`},
		"in elements": {run[one[[]inside]](`{"v":[{},{"x":1}]}`), `{"v":[{"x":5,"y":0},{"x":1,"y":0}]}`},
	}.test(t)
}

// A request may change what it was given: the next must get the default anew.
func TestDefaultIsNotShared(t *testing.T) {
	type lists struct {
		L []int `default:"[1]"`
		P *int  `default:"1"`
	}
	plan := compile[lists](t)
	for range 2 {
		var v lists
		if _, err := plan.Decode(nil, &v); err != nil || v.L[0] != 1 || *v.P != 1 {
			t.Fatal(v, err)
		}
		v.L[0], *v.P = 2, 2
	}
}

// with is a struct type whose only field v has a type and a tag.
func with[T any](tag string) reflect.Type {
	return reflect.StructOf([]reflect.StructField{{
		Name: "V", Type: reflect.TypeFor[T](), Tag: reflect.StructTag(`json:"v" ` + tag),
	}})
}

// fields makes a struct that go vet would refuse, with reason.
func fields(list ...reflect.StructField) reflect.Type { return reflect.StructOf(list) }

func field[T any](name string, tag reflect.StructTag) reflect.StructField {
	return reflect.StructField{Name: name, Type: reflect.TypeFor[T](), Tag: tag}
}

func embedded(t reflect.Type) reflect.StructField {
	return reflect.StructField{Name: "Embedded", Type: t, Anonymous: true}
}

var twoOfOneName = fields(field[int]("A", `json:"x"`), field[string]("B", `json:"x"`))

func TestRules(t *testing.T) {
	for name, tc := range map[string]struct {
		typ    reflect.Type
		passes string // values, space separated
		fails  string
	}{
		"minimum":                 {with[int](`minimum:"3"`), `3 4`, `2 -3`},
		"minimum, fraction":       {with[int](`minimum:"2.5"`), `3`, `2`},
		"minimum, negative":       {with[int8](`minimum:"-2.5"`), `-2 0`, `-3`},
		"minimum, float":          {with[float64](`minimum:"0.1"`), `0.1 1`, `0.09 -1`},
		"minimum, float32":        {with[float32](`minimum:"0.1" maximum:"0.2"`), `0.1 0.2`, `0.09 0.21`},
		"minimum, uint":           {with[uint8](`minimum:"-1" maximum:"1e2"`), `0 100`, `101`},
		"minimum, pointer":        {with[*int](`minimum:"3"`), `3 null`, `2`},
		"minimum, number":         {with[json.Number](`minimum:"9007199254740993"`), `9007199254740993 1e400 9007199254740993.0`, `9007199254740992 9007199254740992.99 -1e400`},
		"beyond 2^53":             {with[int64](`maximum:"9007199254740993"`), `9007199254740993`, `9007199254740994`},
		"beyond 2^63":             {with[uint64](`minimum:"18446744073709551615"`), `18446744073709551615`, `18446744073709551614 0`},
		"only 127":                {with[int8](`minimum:"126.5" maximum:"200"`), `127`, `126`},
		"one value":               {with[float64](`minimum:"1" maximum:"1.0"`), `1`, `0.9 1.1`},
		"one integer":             {with[int](`exclusiveMinimum:"1" exclusiveMaximum:"3"`), `2`, `1 3`},
		"one length":              {with[string](`minLength:"2" maxLength:"2"`), `"ab"`, `"a" "abc"`},
		"no items":                {with[[]int](`minItems:"0" maxItems:"0"`), `[]`, `[1]`},
		"maximum beyond int":      {with[int64](`maximum:"9223372036854775808"`), `9223372036854775807 0 -1`, ``},
		"maximum":                 {with[int](`maximum:"3"`), `3 2 -4`, `4`},
		"maximum, negative":       {with[int](`maximum:"-3.5"`), `-4`, `-3 0`},
		"exclusiveMinimum":        {with[int](`exclusiveMinimum:"3"`), `4`, `3 2`},
		"exclusiveMinimum, -1":    {with[int](`exclusiveMinimum:"-1"`), `0`, `-1`},
		"exclusiveMinimum, -0.5":  {with[int](`exclusiveMinimum:"-0.5"`), `0`, `-1`},
		"exclusiveMinimum, float": {with[float64](`exclusiveMinimum:"0"`), `1e-300`, `0 -0.0`},
		"exclusiveMaximum":        {with[int](`exclusiveMaximum:"3"`), `2`, `3 4`},
		"exclusiveMaximum, uint":  {with[uint](`exclusiveMaximum:"1"`), `0`, `1`},
		"exclusiveMaximum, float": {with[float64](`exclusiveMaximum:"1.5"`), `1.4`, `1.5 2`},
		"multipleOf":              {with[int](`multipleOf:"5"`), `0 5 -10`, `1 -4`},
		"multipleOf 10":           {with[int](`multipleOf:"10"`), `0 10 -100`, `1 5`},
		"multipleOf 0.5, int":     {with[int](`multipleOf:"0.5"`), `0 1`, ``},
		"multipleOf 1.5, int":     {with[int](`multipleOf:"1.5"`), `3 -6`, `1 2`},
		"multipleOf 0.1":          {with[float64](`multipleOf:"0.1"`), `0.3 0.7 1 0 -2.3 1e300`, `0.35 0.01`},
		"multipleOf 0.01, number": {with[json.Number](`multipleOf:"0.01"`), `19.99 1e999999999 1.000`, `0.001 1e-999999999`},
		"minLength":               {with[string](`minLength:"2"`), `"ab" "éé"`, `"é" ""`},
		"maxLength":               {with[string](`maxLength:"2"`), `"éé" "" "\ud83d\ude00x"`, `"abc"`},
		"minLength, 4 bytes":      {with[string](`minLength:"5" maxLength:"6"`), `"😀😀😀😀😀" "ééééé" "abcdef"`, `"😀😀😀😀" "éééé" "abcd" "😀😀😀😀😀😀😀" "abcdefg"`},
		"only minLength, 4 bytes": {with[string](`minLength:"5"`), `"😀😀😀😀😀" "ééééé" "abcde"`, `"😀😀😀😀" "éééé" "abcd" ""`},
		"minLength of a list":     {with[[]int](`minLength:"1"`), `[0]`, `[]`},
		"maxLength of a map":      {with[map[string]int](`maxLength:"1"`), `{"a":1} {}`, `{"a":1,"b":2}`},
		"minLength of an object":  {with[map[string]any](`minLength:"1"`), `{"a":1}`, `{}`},
		"pattern":                 {with[string](`pattern:"b+"`), `"abc"`, `"ac"`},
		"enum":                    {with[string](`enum:"red, green"`), `"red" "green"`, `"Red" "" " green"`},
		"enum, int":               {with[int](`enum:"1,2"`), `1 2`, `3`},
		"enum, float":             {with[float64](`enum:"1,2.5"`), `1.0 25e-1`, `3`},
		"enum, bool":              {with[bool](`enum:"true"`), `true`, `false`},
		"enum, number":            {with[json.Number](`enum:"1,2.5"`), `1.0 25e-1`, `3`},
		"enum, uint":              {with[uint64](`enum:"18446744073709551615"`), `18446744073709551615`, `18446744073709551614`},
		"enum, list":              {with[[]string](`enum:"a,b"`), `["a","b","a"] []`, `["a","c"]`},
		"enum, array":             {with[[2]string](`enum:"a,b"`), `["a","b"]`, `["a","c"]`},
		"format":                  {with[string](`format:"email"`), `"a@example.com"`, `"a" ""`},
		"format of a time":        {with[time.Time](`format:"date-time"`), `"2026-11-21T00:00:00Z"`, `"2026-11-21"`},
		"minItems":                {with[[]int](`minItems:"1"`), `[1]`, `[]`},
		"maxItems":                {with[[]int](`maxItems:"1"`), `[1] []`, `[1,2]`},
		"uniqueItems":             {with[[]int](`uniqueItems:"true"`), `[1,2] []`, `[1,2,1]`},
		"uniqueItems, false":      {with[[]int](`uniqueItems:"false"`), `[1,1]`, ``},
		"uniqueItems, numbers":    {with[[]json.Number](`uniqueItems:"true"`), `[1,2]`, `[1,1.0] [10,1e1] [0,-0]`},
		"uniqueItems, any": {with[[]any](`uniqueItems:"true"`),
			`[1,"1",true,"true",null,"null",[],{},[1],{"1":1},""] ["0.1e1",1] [[1,2],[12]] [["a","b"],["ab"],["a,b"]] [{"a":"b"},["a","b"]] [{"a":[1]},{"a":[]},{"a":1}] [9007199254740992,9007199254740993]`,
			`[1,1.0] [1,1e0] [10,1e1] [0,-0.0] [0.1,1e-1] [1e400,10e399] [null,null] ["a","\u0061"] [[1],[1.0]] [{"a":1,"b":[2]},{"b":[2.0],"a":1e0}] [true,1,true]`},
		"uniqueItems, exponents": {with[[]any](`uniqueItems:"true"`), `[1e999999999,1e999999998,1e-999999999]`, `[1e999999999,10e999999998]`},
		"uniqueItems, structs":   {with[[]one[any]](`uniqueItems:"true"`), `[{"v":1},{"v":"1"},{"v":null}]`, `[{"v":1},{"v":1.0}] [{},{"v":null}]`},
		"uniqueItems, raw":       {with[[]json.RawMessage](`uniqueItems:"true"`), `[1,"1"]`, `[1,1.0] [{"a":1,"b":2},{"b":2,"a":1}]`},
		"uniqueItems, pointers":  {with[[]*json.Number](`uniqueItems:"true"`), `[1,null]`, `[1,1.0] [null,null]`},
		"uniqueItems, times":     {with[[]time.Time](`uniqueItems:"true"`), `["2026-11-21T00:00:00Z","2026-11-22T00:00:00Z"]`, `["2026-11-21T00:00:00Z","2026-11-21T00:00:00Z"]`},
		"uniqueItems, floats":    {with[[]float64](`uniqueItems:"true"`), `[1,2]`, `[1,1.0] [0,-0.0]`},
		"uniqueItems, objects":   {with[[]map[string]any](`uniqueItems:"true"`), `[{"a":1},{"a":2}]`, `[{"a":1,"b":2},{"b":2,"a":1}]`},
		"uniqueItems, lists":     {with[[][]int](`uniqueItems:"true"`), `[[1],[2]]`, `[[1],[1]]`},
		"several":                {with[string](`minLength:"2" maxLength:"3" pattern:"^a"`), `"ab" "abc"`, `"a" "abcd" "bb"`},
		"documentary":            {with[int](`doc:"x" example:"y" deprecated:"true" db:"z" yaml:"w"`), `1`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := decode.Compile(tc.typ, nil)
			if err != nil {
				t.Fatal(err)
			}
			for value := range strings.FieldsSeq(tc.passes) {
				if problems, err := plan.Decode([]byte(`{"v":`+value+`}`), reflect.New(tc.typ).Interface()); err != nil || problems != nil {
					t.Error(value, problems, err)
				}
			}
			for value := range strings.FieldsSeq(strings.ReplaceAll(tc.fails, `" green"`, `"\u0020green"`)) {
				problems, err := plan.Decode([]byte(`{"v":`+value+`}`), reflect.New(tc.typ).Interface())
				if err != nil || len(problems) != 1 || problems[0].State != decode.Invalid || !strings.HasPrefix(problems[0].Path, "v") {
					t.Error(value, problems, err)
				}
			}
		})
	}
}

// Neither many items nor large exponents may cost more than their text is worth:
// 10^1000000000 written out would take all memory, twenty thousand times.
func TestUniqueItemsIsBounded(t *testing.T) {
	type unique struct {
		V []any `json:"v" uniqueItems:"true"`
	}
	plan := compile[unique](t)
	var items []string
	for i := range 20_000 {
		items = append(items, fmt.Sprintf(`{"n":%de1000000000}`, 10*i+1))
	}
	body := func(last string) []byte { return []byte(`{"v":[` + strings.Join(items, ",") + "," + last + `]}`) }
	for last, want := range map[string]int{`{"n":0}`: 0, `{"n":0.1e1000000001}`: 1} {
		problems, err := plan.Decode(body(last), new(unique))
		if err != nil || len(problems) != want {
			t.Errorf("%s: got %v, %v, want %d problems", last, problems, err, want)
		}
	}
}

func TestEnumNamesTheElement(t *testing.T) {
	type tags struct {
		Tags []string `json:"tags" enum:"a,b"`
	}
	cases{"element": {run[tags](`{"tags":["a","c","b","d"]}`), `tags[1] invalid, tags[3] invalid`}}.test(t)
}

type loop *loop

func TestCompileRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		typ  reflect.Type
		want string // is in the message
	}{
		"int":                   {reflect.TypeFor[int](), "can never be a JSON object"},
		"list":                  {reflect.TypeFor[[]int](), "can never be a JSON object"},
		"string":                {reflect.TypeFor[*string](), "can never be a JSON object"},
		"only text":             {reflect.TypeFor[color](), "can never be a JSON object"},
		"func":                  {with[func()](``), "v: func() is nothing that JSON has"},
		"chan in a list":        {with[[]chan int](``), "v[]: chan int is nothing"},
		"complex in a map":      {with[map[string]complex64](``), "v.*: complex64"},
		"interface":             {with[error](``), "v: error can't be decoded"},
		"keys":                  {with[map[float64]int](``), "v: the keys of a JSON object are text"},
		"pointers in a circle":  {reflect.TypeFor[loop](), "too many pointers"},
		"minLength of an int":   {with[int](`minLength:"1"`), `v: tag minLength:"1": a rule for text, lists and objects, and this is a int`},
		"pattern of a bool":     {with[bool](`pattern:"a"`), `tag pattern:"a": a rule for text`},
		"minimum of a string":   {with[string](`minimum:"1"`), `a rule for numbers`},
		"minimum of any":        {with[any](`minimum:"1"`), `a rule for numbers`},
		"minItems of a string":  {with[string](`minItems:"1"`), `a rule for lists`},
		"uniqueItems of a map":  {with[map[string]int](`uniqueItems:"true"`), `a rule for lists`},
		"format of an int":      {with[int](`format:"date"`), `a rule for text`},
		"enum of a struct":      {with[color](`enum:"a"`), `a rule for`},
		"unknown format":        {with[string](`format:"mail"`), `one of date, date-time, email,`},
		"bad pattern":           {with[string](`pattern:"("`), `missing closing )`},
		"bad minimum":           {with[int](`minimum:"one"`), `a number was expected`},
		"bad multipleOf":        {with[int](`multipleOf:"0"`), `above 0`},
		"bad minLength":         {with[string](`minLength:"-1"`), `0 or more`},
		"bad required":          {with[string](`required:"yes"`), `true or false was expected`},
		"bad uniqueItems":       {with[[]int](`uniqueItems:"1"`), `true or false was expected`},
		"bad enum":              {with[int](`enum:"1,x"`), `"x" is no value of int`},
		"bad default":           {with[int](`default:"x"`), `v: tag default:"x": JSON for a int was expected`},
		"default too large":     {with[int8](`default:"300"`), `JSON for a int8`},
		"default against rules": {with[int](`default:"1" minimum:"2"`), `breaks the field's own rules`},
		"letter case":           {with[string](`minlength:"1"`), `tag minlength: there is no such rule; did you mean minLength?`},
		"minimum > maximum":     {with[float64](`minimum:"2" maximum:"1.9"`), `v: no float64 keeps to minimum:"2" maximum:"1.9"`},
		"the other way round":   {with[int](`maximum:"1" minimum:"2"`), `v: no int keeps to maximum:"1" minimum:"2"`},
		"of a pointer":          {with[*int](`minimum:"2" maximum:"1"`), `no int keeps to`},
		"of a number":           {with[json.Number](`minimum:"1e400" maximum:"9e399"`), `no json.Number keeps to`},
		"exclusive, equal":      {with[float64](`exclusiveMinimum:"1" maximum:"1.0"`), `no float64 keeps to exclusiveMinimum:"1" maximum:"1.0"`},
		"exclusive, equal too":  {with[float64](`minimum:"1" exclusiveMaximum:"1e0"`), `no float64 keeps to`},
		"both exclusive":        {with[json.Number](`exclusiveMinimum:"1" exclusiveMaximum:"1"`), `no json.Number keeps to`},
		"exclusive > maximum":   {with[float32](`minimum:"0" exclusiveMinimum:"5" maximum:"4"`), `no float32 keeps to`},
		"no integer between":    {with[int](`exclusiveMinimum:"1" exclusiveMaximum:"2"`), `no int keeps to`},
		"no unsigned between":   {with[uint](`minimum:"1.1" maximum:"1.9"`), `no uint keeps to`},
		"negative unsigned":     {with[uint8](`exclusiveMaximum:"0"`), `no uint8 keeps to`},
		"minimum beyond int64":  {with[int64](`minimum:"9223372036854775808"`), `no int64 keeps to`},
		"minimum beyond int8":   {with[int8](`minimum:"128"`), `no int8 keeps to`},
		"maximum below uint16":  {with[uint16](`minimum:"65536"`), `no uint16 keeps to`},
		"minLength > maxLength": {with[string](`minLength:"3" maxLength:"2"`), `v: no string keeps to minLength:"3" maxLength:"2"`},
		"minItems > maxItems":   {with[[]int](`maxItems:"2" minItems:"3"`), `v: no []int keeps to maxItems:"2" minItems:"3"`},
		"minItems > maxLength":  {with[[]int](`minItems:"3" maxLength:"2"`), `no []int keeps to`},
		"one name twice":        {fields(field[int]("A", `json:"x"`), field[string]("B", `json:"x,omitempty"`)), `fields A and B have the same name in JSON, "x"`},
		"a name and a tag": {reflect.TypeFor[struct {
			X int
			B string `json:"X"`
		}](), `fields X and B have the same name in JSON, "X"`},
		"one name twice, embedded": {fields(field[int]("X", `json:"x"`), embedded(twoOfOneName)),
			`fields A and B have the same name in JSON, "x"`},
		"one name twice, deep": {fields(reflect.StructField{Name: "V", Type: reflect.SliceOf(twoOfOneName)}), `V[]: fields A and B have`},
		"required, not exported": {reflect.TypeFor[struct {
			x int `required:"true"`
		}](), `x: tag required: the field is not exported`},
		"default, not exported": {reflect.TypeFor[struct {
			x int `default:"1"`
		}](), `x: tag default: the field is not exported`},
		"rule, not exported": {reflect.TypeFor[struct {
			x string `maxLength:"1"`
		}](), `x: tag maxLength: the field is not exported`},
		"misspelt, not exported": {reflect.TypeFor[struct {
			x string `maxLenght:"1"`
		}](), `x: tag maxLenght: there is no such rule; did you mean maxLength?`},
		"embedded int, not exported": {reflect.TypeFor[struct {
			number `minimum:"1"`
		}](), `number: tag minimum: the field is not exported`},
		"embedded with a name, not exported": {reflect.TypeFor[struct {
			base `json:"base" required:"true"`
		}](), `base: tag required: the field is not exported`},
		"required, not in JSON": {reflect.TypeFor[struct {
			X int `json:"-" required:"true"`
		}](), `X: tag required: json:"-"`},
		"default, not in JSON": {reflect.TypeFor[struct {
			X int `json:"-" default:"1"`
		}](), `X: tag default: json:"-"`},
		"rule, not in JSON": {reflect.TypeFor[struct {
			X int `json:"-" minimum:"1"`
		}](), `X: tag minimum: json:"-"`},
		"rule of an embedded": {reflect.TypeFor[struct {
			Deep `minLength:"1"`
		}](), `Deep: tag minLength: an embedded struct has no place of its own`},
		"rules of two that hide each other": {reflect.TypeFor[struct {
			left
			right
		}](), `ID: tag required: another embedded struct has a field of this name`},
		"rules of one type twice": {reflect.TypeFor[struct {
			viaLeft
			viaRight
		}](), `ID: tag required: another embedded struct has a field of this name`},
		"a word we don't have": {with[map[string]int](`minProperties:"1"`), `there is no such rule`},
		"malformed":            {with[string](`required:true`), `malformed tags`},
		"deep":                 {with[[]one[map[string]Bad]](``), `v[].v.*.x: tag minimum`},
		"embedded":             {reflect.TypeFor[struct{ Bad }](), `x: tag minimum`},
		"tag of an embedded": {reflect.TypeFor[struct {
			Deep `required:"true"`
		}](), `Deep: tag required`},
		"embedded pointer": {reflect.TypeFor[struct{ *base }](), `base: an embedded pointer to a type that is not exported`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode.Compile(tc.typ, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if _, err := decode.Compile(nil, nil); err == nil {
		t.Error("nil was accepted")
	}
}

func TestCompileAccepts(t *testing.T) {
	for name, typ := range map[string]reflect.Type{
		"words for people where no request comes": reflect.TypeFor[struct {
			x int `doc:"x" example:"1" deprecated:"true" db:"x"`
			Y int `json:"-" doc:"y" example:"1" deprecated:"true" yaml:"y"`
			_ struct{}
		}](),
		"the nearer of two fields": reflect.TypeFor[struct {
			left
			ID int `minimum:"1"`
		}](),
		"names that differ in letter case": reflect.TypeFor[struct {
			A int `json:"id"`
			B int `json:"ID"`
		}](),
		"a name that is not in JSON": reflect.TypeFor[struct {
			A int `json:"B"`
			B int `json:"-"`
		}](),
		"a name that is a dash": fields(field[int]("A", `json:"-," required:"true"`)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decode.Compile(typ, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

type (
	number int
	left   struct {
		ID int `required:"true"`
	}
	right    struct{ ID string }
	viaLeft  struct{ left }
	viaRight struct{ left }
)

type Bad struct {
	X string `json:"x" minimum:"1"`
}
