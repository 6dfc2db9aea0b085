package validation_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/decode"
	"github.com/apiphant/apiphant/validation"
)

// A tag of a typed request and a call of this package that say the same refuse the
// same values, whatever they are.
func TestSameAsTags(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		a, b, value := number(r), number(r), number(r)
		same[json.Number](t, value, `minimum:"`+a+`"`, validation.Min(json.Number(a)))
		same[float64](t, value, `maximum:"`+a+`"`, validation.Max(json.Number(a)))
		same[float32](t, value, `minimum:"`+a+`"`, validation.Min(json.Number(a)))
		same[json.Number](t, value, `enum:"`+a+","+b+`"`, validation.OneOf(json.Number(a), json.Number(b)))
		same[float64](t, value, `enum:"`+a+","+b+`"`, validation.OneOf(json.Number(a), json.Number(b)))
		same[float32](t, value, `enum:"`+a+","+b+`"`, validation.OneOf(json.Number(a), json.Number(b)))

		i, j, k := r.Int64N(7)-3, r.Int64N(7)-3, strconv.FormatInt(r.Int64N(7)-3, 10)
		same[int64](t, k, fmt.Sprintf(`minimum:"%d"`, i), validation.Min(i))
		same[int8](t, k, fmt.Sprintf(`maximum:"%d.5"`, i), validation.Max(json.Number(fmt.Sprintf("%d.5", i))))
		same[int](t, k, fmt.Sprintf(`enum:"%d,%d"`, i, j), validation.OneOf(i, float64(j)))

		n, m := r.IntN(4), r.IntN(4)+3
		text, _ := json.Marshal(strings.Repeat("é", r.IntN(4)) + strings.Repeat("x", r.IntN(5)) + strings.Repeat("😀", r.IntN(2)))
		list := `[` + strings.TrimSuffix(strings.Repeat("1,", r.IntN(6)), ",") + `]`
		limits := fmt.Sprintf(`minLength:"%d" maxLength:"%d"`, n, m)
		same[string](t, string(text), limits, validation.MinLength(n), validation.MaxLength(m))
		same[[]int](t, list, limits, validation.MinLength(n), validation.MaxLength(m))
		same[string](t, string(text), `pattern:"x+$" format:"hostname"`, validation.Pattern("x+$"), validation.Format("hostname"))
		same[string](t, string(text), `enum:"x, xx,éx"`, validation.OneOf("x", "xx", "éx"))
		same[bool](t, strconv.FormatBool(n == 1), `enum:"true"`, validation.Value(true))
	}
}

func number(r *rand.Rand) string {
	return []string{"0", "-0", "1", "1.0", "10e-1", "0.1", "0.10", "1e-1", "-1", "9007199254740993", "9007199254740992", "1e22", "123456789.123456789",
		"0.1000000000000000055511151231257827", "16777217", "16777216", "1e-400", "3.4028235e38", "1e308", strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64)}[r.IntN(20)]
}

func same[T any](t *testing.T, value, tag string, rules ...validation.Rule) {
	t.Helper()
	typ := reflect.StructOf([]reflect.StructField{{Name: "V", Type: reflect.TypeFor[T](), Tag: reflect.StructTag(`json:"v" ` + tag)}})
	plan, err := decode.Compile(typ, nil)
	if err != nil {
		if strings.Contains(err.Error(), "keeps to") || strings.Contains(err.Error(), "no value of") {
			return
		}
		t.Fatal(err)
	}
	body := []byte(`{"v":` + value + `}`)
	problems, err := plan.Decode(body, reflect.New(typ).Interface())
	if err != nil {
		t.Fatal(err)
	}
	object, err := decode.Object(body)
	if err != nil {
		t.Fatal(err)
	}
	_, err = validation.Field[T](apiphant.Object(object), "v", rules...)
	if (problems == nil) != (err == nil) {
		t.Errorf("%T %s with %s: the tag says %v, the call %v", *new(T), value, tag, problems, err)
	}
}
