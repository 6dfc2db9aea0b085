package validation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/validation"
)

// object decodes a request as the pipeline does.
func object(t testing.TB, body string) apiphant.Object {
	t.Helper()
	o, err := decode.Object([]byte(body))
	if err != nil {
		t.Fatal(body, err)
	}
	return o
}

// answer is what a caller sees of an error: its status and its body.
func answer(err error) string {
	var e *apiphant.Error
	if !errors.As(err, &e) {
		return "500 " + err.Error()
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", e.Status, detail)
}

// field reads the field f of a request as a T and says what came of it: the value
// as Go writes it, or the answer.
func field[T any](body string, rules ...validation.Rule) func(t *testing.T) string {
	return named[T]("f", body, rules...)
}

func named[T any](name, body string, rules ...validation.Rule) func(t *testing.T) string {
	return func(t *testing.T) string {
		v, err := validation.Field[T](object(t, body), name, rules...)
		if err != nil {
			return answer(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// written does the same for a value that was written in Go.
func written[T any](v any, rules ...validation.Rule) func(t *testing.T) string {
	return func(t *testing.T) string {
		got, err := validation.Field[T](apiphant.Object{"f": v}, "f", rules...)
		if err != nil {
			return answer(err)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

const (
	invalid = `400 {"field":"f","state":"invalid"}`
	missing = `400 {"field":"f","state":"missing"}`

	explainedNull = `400 {"field":"f","state":"invalid","explain":null}`
)

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

type (
	state string
	level int8
)

func TestTypes(t *testing.T) {
	cases{
		"any":                   {field[any](`{"f":[1.0,{"a":null}]}`), `[1.0,{"a":null}]`},
		"any, null":             {field[any](`{"f":null}`, validation.Required()), `null`},
		"any, absent":           {field[any](`{}`), `null`},
		"bool":                  {field[bool](`{"f":true}`), `true`},
		"bool, text":            {field[bool](`{"f":"true"}`), invalid},
		"bool, null":            {field[bool](`{"f":null}`), invalid},
		"int":                   {field[int](`{"f":-7}`), `-7`},
		"int, absent":           {field[int](`{}`), `0`},
		"int, text":             {field[int](`{"f":"7"}`), invalid},
		"int, 1.0":              {field[int](`{"f":1.0}`), invalid},
		"int, 1e0":              {field[int](`{"f":1e0}`), invalid},
		"int, null":             {field[int](`{"f":null}`), invalid},
		"int, true":             {field[int](`{"f":true}`), invalid},
		"int, too large":        {field[int](`{"f":9223372036854775808}`), invalid},
		"int8":                  {field[int8](`{"f":-128}`), `-128`},
		"int8, too large":       {field[int8](`{"f":128}`), invalid},
		"uint8":                 {field[uint8](`{"f":255}`), `255`},
		"uint8, negative":       {field[uint8](`{"f":-1}`), invalid},
		"uint64":                {field[uint64](`{"f":18446744073709551615}`), `18446744073709551615`},
		"float64":               {field[float64](`{"f":1.5e3}`), `1500`},
		"float64, integer":      {field[float64](`{"f":3}`), `3`},
		"float64, too large":    {field[float64](`{"f":1e400}`), invalid},
		"float64, text":         {field[float64](`{"f":"1"}`), invalid},
		"float32, too large":    {field[float32](`{"f":1e39}`), invalid},
		"number":                {field[json.Number](`{"f":1e400}`), `1e400`},
		"number, text":          {field[json.Number](`{"f":"1"}`), invalid},
		"string":                {field[string](`{"f":"x"}`), `"x"`},
		"string, empty":         {field[string](`{"f":""}`, validation.Required()), `""`},
		"string, number":        {field[string](`{"f":1}`), invalid},
		"object":                {field[apiphant.Object](`{"f":{"a":1.0}}`), `{"a":1.0}`},
		"object, list":          {field[apiphant.Object](`{"f":[]}`), invalid},
		"object, null":          {field[apiphant.Object](`{"f":null}`), invalid},
		"object, absent":        {field[apiphant.Object](`{}`), `null`},
		"map":                   {field[map[string]any](`{"f":{}}`), `{}`},
		"time":                  {field[time.Time](`{"f":"2026-11-21T07:24:47.5+01:00"}`), `"2026-11-21T07:24:47.5+01:00"`},
		"time, date":            {field[time.Time](`{"f":"2026-11-21"}`), invalid},
		"time, comma":           {field[time.Time](`{"f":"2026-11-21T07:24:47,5Z"}`), invalid},
		"time, leap second":     {field[time.Time](`{"f":"2016-12-31T23:59:60Z"}`), `"2017-01-01T00:00:00Z"`},
		"time, number":          {field[time.Time](`{"f":1}`), invalid},
		"list":                  {field[[]int](`{"f":[1,2]}`), `[1,2]`},
		"list, empty":           {field[[]int](`{"f":[]}`), `[]`},
		"list, null":            {field[[]int](`{"f":null}`), invalid},
		"list, number":          {field[[]int](`{"f":1}`), invalid},
		"list, text":            {field[[]string](`{"f":"x"}`), invalid},
		"list, element":         {field[[]int](`{"f":[1,2,"x"]}`), `400 {"field":"f[2]","state":"invalid"}`},
		"list, null element":    {field[[]int](`{"f":[null]}`), `400 {"field":"f[0]","state":"invalid"}`},
		"lists of lists":        {field[[][]string](`{"f":[["a"],["b",1]]}`), `400 {"field":"f[1][1]","state":"invalid"}`},
		"list of objects":       {field[[]apiphant.Object](`{"f":[{"a":1}]}`), `[{"a":1}]`},
		"list of any":           {field[[]any](`{"f":[1,null]}`), `[1,null]`},
		"list of pointers":      {field[[]*int](`{"f":[1,null]}`), `[1,null]`},
		"list of times":         {field[[]time.Time](`{"f":["x"]}`), `400 {"field":"f[0]","state":"invalid"}`},
		"pointer":               {field[*int](`{"f":0}`), `0`},
		"pointer, null":         {field[*int](`{"f":null}`, validation.Required(), validation.Min(1)), `null`},
		"pointer, absent":       {field[*int](`{}`), `null`},
		"pointer, wrong":        {field[*int](`{"f":"x"}`), invalid},
		"pointer to a list":     {field[*[]int](`{"f":[1]}`), `[1]`},
		"named string":          {field[state](`{"f":"x"}`), `"x"`},
		"named int":             {field[level](`{"f":128}`), invalid},
		"func":                  {field[func()](`{}`), `500 validation.Field[func()](…, "f"): func() can't be the type of a field: any, bool, string, a number, apiphant.Object, time.Time, a slice of these or a pointer to one was expected`},
		"Go int":                {written[int](7), `7`},
		"Go int8 as int":        {written[int](int8(7)), `7`},
		"Go int as int8":        {written[int8](300), invalid},
		"Go float as int":       {written[int](3.0), `3`},
		"Go float as int, 1e18": {written[int](1e18), `1000000000000000000`},
		"Go fraction as int":    {written[int](3.5), invalid},
		"Go NaN":                {written[float64](math.NaN()), invalid},
		"Go float as number":    {written[json.Number](0.5), `0.5`},
		"Go int as float":       {written[float64](uint8(3)), `3`},
		"Go number, none":       {written[json.Number](json.Number("x")), invalid},
		"Go named string":       {written[string](state("x")), `"x"`},
		"Go []string":           {written[[]string]([]string{"a"}), `["a"]`},
		"Go []int as []float64": {written[[]float64]([]int{1}), `[1]`},
		"Go array":              {written[[]int]([2]int{1, 2}), `[1,2]`},
		"Go Object":             {written[apiphant.Object](apiphant.Object{"a": 1}), `{"a":1}`},
		"Go map":                {written[apiphant.Object](map[state]int{"a": 1}), `{"a":1}`},
		"Go time":               {written[time.Time](time.Unix(0, 0).UTC()), `"1970-01-01T00:00:00Z"`},
		"Go pointer":            {written[int](new(int)), `0`},
		"Go nil pointer":        {written[int]((*int)(nil)), invalid},
	}.test(t)
}

func TestNames(t *testing.T) {
	const body = `{"a.b":1,"a":{"b":2,"c":3,"d.e":4,"d":5},"l":[],"n":null}`
	cases{
		"a key with the dot first": {named[int]("a.b", body), `1`},
		"in the object":            {named[int]("a.c", body), `3`},
		"deeper with a dot":        {named[int]("a.d.e", body), `4`},
		"absent":                   {named[int]("a.x", body, validation.Required()), `400 {"field":"a.x","state":"missing"}`},
		"no parent":                {named[float64]("sub.x", body, validation.Required()), `400 {"field":"sub.x","state":"missing"}`},
		"no parent, optional":      {named[float64]("sub.x", body), `0`},
		"no parent, default":       {named[float64]("sub.x", body, validation.Default(1.5)), `1.5`},
		"wrong":                    {named[string]("a.c", body), `400 {"field":"a.c","state":"invalid"}`},
		"the parent is a list":     {named[int]("l.x", body), `400 {"field":"l.x","state":"invalid"}`},
		"the parent is null":       {named[int]("n.x", body), `400 {"field":"n.x","state":"invalid"}`},
		"the parent is a number":   {named[int]("a.d.x", body), `400 {"field":"a.d.x","state":"invalid"}`},
		"an element":               {named[[]int]("a.l", `{"a":{"l":[1,"x"]}}`), `400 {"field":"a.l[1]","state":"invalid"}`},
		"only dots":                {named[int]("..", body, validation.Required()), `400 {"field":"..","state":"missing"}`},
		"empty":                    {named[int]("", `{"":5}`), `5`},
		"in a Go object": {func(*testing.T) string {
			v, err := validation.Field[int](apiphant.Object{"a": apiphant.Object{"b": 1}}, "a.b")
			return fmt.Sprint(v, err)
		}, `1 <nil>`},
		"in a nil object": {func(*testing.T) string {
			v, err := validation.Field[int](nil, "a.b")
			return fmt.Sprint(v, err)
		}, `0 <nil>`},
	}.test(t)
}

func TestRules(t *testing.T) {
	odd := validation.Check(func(v any) error {
		if v.(int)%2 == 0 {
			return errors.New("secret")
		}
		return nil
	})
	conflict := validation.Check(func(any) error {
		return fmt.Errorf("wrapped: %w", &apiphant.Error{Status: 409, Detail: "taken"})
	})
	cases{
		"Required":               {field[int](`{}`, validation.Required()), missing},
		"Required, zero":         {field[int](`{"f":0}`, validation.Required()), `0`},
		"Required, null":         {field[int](`{"f":null}`, validation.Required()), invalid},
		"Default":                {field[int](`{}`, validation.Default(7)), `7`},
		"Default, there":         {field[int](`{"f":0}`, validation.Default(7)), `0`},
		"Default, null":          {field[int](`{"f":null}`, validation.Default(7)), invalid},
		"Default of a pointer":   {field[*int](`{}`, validation.Default(7)), `7`},
		"Default of a list":      {field[[]string](`{}`, validation.Default([]string{"a"})), `["a"]`},
		"Default nil":            {field[*int](`{}`, validation.Default(nil)), `null`},
		"Default of a time":      {field[time.Time](`{}`, validation.Default("2026-11-21T00:00:00Z")), `"2026-11-21T00:00:00Z"`},
		"Default, wrong":         {field[int](`{}`, validation.Default("7")), `500 validation.Field[int](…, "f"): Default("7") is no int`},
		"Default after Required": {field[int](`{}`, validation.Required(), validation.Default(7)), missing},
		"Value":                  {field[int](`{"f":1}`, validation.Value(1)), `1`},
		"Value, other":           {field[int](`{"f":2}`, validation.Value(1)), invalid},
		"Value, float":           {field[float64](`{"f":1.0}`, validation.Value(1)), `1`},
		"Value, float32":         {field[float32](`{"f":0.1}`, validation.Value(0.1)), `0.1`},
		"Value, beyond 2^53":     {field[any](`{"f":9007199254740993}`, validation.Value(int64(9007199254740992))), invalid},
		"Value, text of number":  {field[any](`{"f":"1"}`, validation.Value(1)), invalid},
		"Value, number of text":  {field[any](`{"f":1}`, validation.Value("1")), invalid},
		"Value, bool":            {field[bool](`{"f":true}`, validation.Value(true)), `true`},
		"Value, null":            {field[any](`{"f":null}`, validation.Value(nil)), `null`},
		"Value, not null":        {field[any](`{"f":0}`, validation.Value(nil)), invalid},
		"Value, list":            {field[[]int](`{"f":[1,2]}`, validation.Value([]any{1, 2.0})), `[1,2]`},
		"Value, shorter list":    {field[[]int](`{"f":[1,2]}`, validation.Value([]int{1})), invalid},
		"Value, object":          {field[apiphant.Object](`{"f":{"a":1.0}}`, validation.Value(apiphant.Object{"a": 1})), `{"a":1.0}`},
		"Value, other object":    {field[apiphant.Object](`{"f":{"a":1}}`, validation.Value(apiphant.Object{"b": 1})), invalid},
		"Value, smaller object":  {field[apiphant.Object](`{"f":{"a":1}}`, validation.Value(apiphant.Object{"a": 1, "b": 1})), invalid},
		"Value, time":            {field[time.Time](`{"f":"2026-11-21T01:00:00+01:00"}`, validation.Value("2026-11-21T00:00:00Z")), `"2026-11-21T01:00:00+01:00"`},
		"Value, named":           {field[state](`{"f":"x"}`, validation.Value(state("x"))), `"x"`},
		"OneOf":                  {field[string](`{"f":"b"}`, validation.OneOf("a", "b")), `"b"`},
		"OneOf, none":            {field[string](`{"f":"c"}`, validation.OneOf("a", "b")), invalid},
		"OneOf, nothing":         {field[string](`{"f":"c"}`, validation.OneOf()), invalid},
		"OneOf, pointer":         {field[*string](`{"f":"b"}`, validation.OneOf("a", "b")), `"b"`},
		"Length":                 {field[string](`{"f":"é😀"}`, validation.Length(2)), `"é😀"`},
		"Length, other":          {field[string](`{"f":"abc"}`, validation.Length(2)), invalid},
		"Length of a list":       {field[[]int](`{"f":[1]}`, validation.Length(1)), `[1]`},
		"Length of an object":    {field[apiphant.Object](`{"f":{}}`, validation.Length(1)), invalid},
		"Length of a number":     {field[int](`{"f":1}`, validation.Length(1)), invalid},
		"Length of any number":   {field[any](`{"f":1}`, validation.Length(1)), invalid},
		"Length of null":         {field[any](`{"f":null}`, validation.MinLength(0)), invalid},
		"Length below 0":         {field[string](`{}`, validation.Length(-1)), `500 validation.Field[string](…, "f"): rule Length(-1): no length is below 0`},
		"MinLength":              {field[string](`{"f":"é"}`, validation.MinLength(2)), invalid},
		"MaxLength":              {field[string](`{"f":"éé"}`, validation.MaxLength(2)), `"éé"`},
		"Min":                    {field[int](`{"f":1}`, validation.Min(1)), `1`},
		"Min, less":              {field[int](`{"f":0}`, validation.Min(1)), invalid},
		"Min, fraction":          {field[int](`{"f":1}`, validation.Min(1.5)), invalid},
		"Min, number":            {field[json.Number](`{"f":9007199254740992}`, validation.Min(json.Number("9007199254740993"))), invalid},
		"Min of text":            {field[any](`{"f":"5"}`, validation.Min(1)), invalid},
		"Min, no number":         {field[int](`{}`, validation.Min("1")), `500 validation.Field[int](…, "f"): rule Min(1): a number was expected, not a string`},
		"Min, nil":               {field[int](`{}`, validation.Min(nil)), `500 validation.Field[int](…, "f"): rule Min(<nil>): a number was expected, not a <nil>`},
		"Max":                    {field[float64](`{"f":0.1}`, validation.Max(0.1)), `0.1`},
		"Max, more":              {field[uint64](`{"f":18446744073709551615}`, validation.Max(uint64(math.MaxUint64-1))), invalid},
		"Pattern":                {field[string](`{"f":"abc"}`, validation.Pattern("b+")), `"abc"`},
		"Pattern, none":          {field[string](`{"f":"ac"}`, validation.Pattern("b+")), invalid},
		"Pattern of a number":    {field[any](`{"f":1}`, validation.Pattern("1")), invalid},
		"Pattern, bad":           {field[string](`{}`, validation.Pattern("(")), `500 validation.Field[string](…, "f"): rule Pattern("("): error parsing regexp: missing closing ): ` + "`(`"},
		"Format":                 {field[string](`{"f":"a@example.com"}`, validation.Format("email")), `"a@example.com"`},
		"Format, none":           {field[string](`{"f":"a"}`, validation.Format("email")), invalid},
		"Format, unknown":        {field[string](`{}`, validation.Format("mail")), `500 validation.Field[string](…, "f"): rule Format("mail"): one of date, date-time, email, hostname, ipv4, ipv6, time, uri, uuid was expected`},
		"Check":                  {field[int](`{"f":3}`, odd), `3`},
		"Check fails":            {field[int](`{"f":4}`, odd), invalid},
		"Check, its own error":   {field[int](`{"f":4}`, conflict), `409 "taken"`},
		"Check after all others": {field[int](`{"f":4}`, conflict, validation.Max(3)), invalid},
		"Check, absent":          {field[int](`{}`, odd), `0`},
		"Check nil":              {field[int](`{}`, validation.Check(nil)), `500 validation.Field[int](…, "f"): rule Check: a function was expected, not nil`},
		"Explain missing":        {field[int](`{}`, validation.Required(), validation.Explain("why")), `400 {"field":"f","state":"missing","explain":"why"}`},
		"Explain invalid":        {field[int](`{"f":"x"}`, validation.Explain([]int{1})), `400 {"field":"f","state":"invalid","explain":[1]}`},
		"Explain a rule":         {field[int](`{"f":1}`, validation.Min(2), validation.Explain(false)), `400 {"field":"f","state":"invalid","explain":false}`},
		"Explain an element":     {field[[]int](`{"f":["x"]}`, validation.Explain("why")), `400 {"field":"f[0]","state":"invalid","explain":"why"}`},
		"Explain a check":        {field[int](`{"f":4}`, odd, validation.Explain("odd")), `400 {"field":"f","state":"invalid","explain":"odd"}`},
		"Explain null":           {field[int](`{"f":"x"}`, validation.Explain(nil)), explainedNull},
		"Explain null, a rule":   {field[int](`{"f":1}`, validation.Min(2), validation.Explain(nil)), explainedNull},
		"Explain null, a check":  {field[int](`{"f":4}`, odd, validation.Explain(nil)), explainedNull},
		"Explain null, missing":  {field[int](`{}`, validation.Required(), validation.Explain(nil)), `400 {"field":"f","state":"missing","explain":null}`},
		"Explain null, no way":   {named[int]("f.x", `{"f":1}`, validation.Explain(nil)), `400 {"field":"f.x","state":"invalid","explain":null}`},
		"Explain several":        {field[int](`{"f":"x"}`, validation.Explain([]any{1, nil})), `400 {"field":"f","state":"invalid","explain":[1,null]}`},
		"Rule{}":                 {field[int](`{}`, validation.Rule{}), `500 validation.Field[int](…, "f"): a Rule that none of the functions of this package made`},
	}.test(t)
}

func TestCheckKeepsTheCause(t *testing.T) {
	cause := errors.New("secret")
	_, err := validation.Field[int](apiphant.Object{"f": 1}, "f", validation.Check(func(any) error { return cause }))
	if !errors.Is(err, cause) || strings.Contains(answer(err), "secret") {
		t.Error(err)
	}
}

// The log has a null as JSON has it, and the door's encoder sends it.
func TestExplainedNull(t *testing.T) {
	err := validation.Invalid("f", nil)
	if got, want := err.Error(), "400 Bad Request: f is invalid (null)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w := httptest.NewRecorder()
	apiphant.WriteError(w, httptest.NewRequest("POST", "/", nil), err)
	if got, want := w.Body.String(), `{"error":{"field":"f","state":"invalid","explain":null}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBadRequest(t *testing.T) {
	cases{
		"none":          {func(*testing.T) string { return answer(validation.BadRequest("f", "taken")) }, `400 {"field":"f","state":"taken"}`},
		"null":          {func(*testing.T) string { return answer(validation.BadRequest("f", "taken", nil)) }, `400 {"field":"f","state":"taken","explain":null}`},
		"nulls":         {func(*testing.T) string { return answer(validation.BadRequest("f", "taken", nil, nil)) }, `400 {"field":"f","state":"taken","explain":[null,null]}`},
		"list":          {func(*testing.T) string { return answer(validation.BadRequest("f", "taken", []int{1})) }, `400 {"field":"f","state":"taken","explain":[1]}`},
		"one":           {func(*testing.T) string { return answer(validation.BadRequest("f", "taken", -1)) }, `400 {"field":"f","state":"taken","explain":-1}`},
		"several":       {func(*testing.T) string { return answer(validation.BadRequest("f", "taken", 1, "x")) }, `400 {"field":"f","state":"taken","explain":[1,"x"]}`},
		"missing":       {func(*testing.T) string { return answer(validation.Missing("f", "x")) }, `400 {"field":"f","state":"missing","explain":"x"}`},
		"invalid":       {func(*testing.T) string { return answer(validation.Invalid("f")) }, invalid},
		"missing, null": {func(*testing.T) string { return answer(validation.Missing("f", nil)) }, `400 {"field":"f","state":"missing","explain":null}`},
		"invalid, null": {func(*testing.T) string { return answer(validation.Invalid("f", nil)) }, explainedNull},
	}.test(t)
}
