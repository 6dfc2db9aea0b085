package validation

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/apiphant/apiphant/internal/rule"
)

var (
	timeType   = reflect.TypeFor[time.Time]()
	numberType = reflect.TypeFor[json.Number]()
	objectType = reflect.TypeFor[map[string]any]()
)

// supported is an error for a type that no field can have.
func supported(t reflect.Type) error {
	elem := t
	for range 16 { // a type may be a list of itself
		switch k := elem.Kind(); {
		case k == reflect.Bool, k == reflect.String, k >= reflect.Int && k <= reflect.Float64 && k != reflect.Uintptr:
			return nil
		case elem == timeType, isObject(elem), k == reflect.Interface && elem.NumMethod() == 0:
			return nil
		case k == reflect.Slice || k == reflect.Pointer:
			elem = elem.Elem()
			continue
		}
		break
	}
	return fmt.Errorf("%s can't be the type of a field: any, bool, string, a number, apiphant.Object, "+
		"time.Time, a slice of these or a pointer to one was expected", t)
}

func isObject(t reflect.Type) bool {
	return t.Kind() == reflect.Map && t.ConvertibleTo(objectType)
}

// convertFast converts what comes from the pipeline into what is asked for most; it
// reports false where it is not for it to say.
func convertFast(in, out any) bool {
	switch out := out.(type) {
	case *string:
		text, ok := in.(string)
		*out = text
		return ok
	case *bool:
		b, ok := in.(bool)
		*out = b
		return ok
	case *int:
		if number, ok := in.(json.Number); ok {
			v, err := strconv.Atoi(string(number))
			*out = v
			return err == nil && number[0] != '+' // which only a hand-written one has
		}
	case *any:
		*out = in
		return true
	}
	return false
}

// convert puts a value into out, which is zero. Where it can't, path says which
// element is to blame, if it is one.
func convert(in any, out reflect.Value) (path string, ok bool) {
	t := out.Type()
	v := indirect(reflect.ValueOf(in))
	if !v.IsValid() { // null
		out.SetZero()
		return "", t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface
	}
	switch {
	case t.Kind() == reflect.Interface:
		out.Set(reflect.ValueOf(in))
		return "", true
	case t.Kind() == reflect.Pointer:
		p := reflect.New(t.Elem())
		path, ok = convert(in, p.Elem())
		out.Set(p)
		return path, ok
	case t == timeType:
		return "", setTime(v, out)
	case t == numberType:
		text, ok := numberText(v)
		out.SetString(text)
		return "", ok
	case isObject(t):
		object, ok := asObject(in)
		out.Set(reflect.ValueOf(object).Convert(t))
		return "", ok
	case t.Kind() == reflect.Slice:
		return setList(v, out)
	case t.Kind() == reflect.Bool:
		if v.Kind() != reflect.Bool {
			return "", false
		}
		out.SetBool(v.Bool())
		return "", true
	case t.Kind() == reflect.String:
		if v.Kind() != reflect.String || v.Type() == numberType {
			return "", false
		}
		out.SetString(v.String())
		return "", true
	default:
		return "", setNumber(v, out)
	}
}

func setTime(v, out reflect.Value) bool {
	if v.Type() == timeType {
		out.Set(v)
		return true
	}
	isDateTime, _ := rule.Format("date-time")
	if v.Kind() != reflect.String || !isDateTime(v.String()) {
		return false
	}
	t, err := time.Parse(time.RFC3339Nano, v.String())
	out.Set(reflect.ValueOf(t))
	return err == nil
}

func setList(v, out reflect.Value) (path string, ok bool) {
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		return "", false
	}
	list := reflect.MakeSlice(out.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		if path, ok := convert(v.Index(i).Interface(), list.Index(i)); !ok {
			return "[" + strconv.Itoa(i) + "]" + path, false
		}
	}
	out.Set(list)
	return "", true
}

// setNumber puts a number into an integer or a float. A Go float is an integer where
// it has no fraction: in JSON it has none either.
func setNumber(v, out reflect.Value) bool {
	text, ok := numberText(v)
	if !ok {
		return false
	}
	bits := out.Type().Bits()
	switch {
	case out.CanInt():
		i, err := strconv.ParseInt(text, 10, bits)
		out.SetInt(i)
		return err == nil
	case out.CanUint():
		u, err := strconv.ParseUint(text, 10, bits)
		out.SetUint(u)
		return err == nil
	default:
		f, err := strconv.ParseFloat(text, bits)
		out.SetFloat(f)
		return err == nil
	}
}

// numberText is a number as JSON has it.
func numberText(v reflect.Value) (text string, ok bool) {
	switch {
	case !v.IsValid():
		return "", false
	case v.Type() == numberType:
		_, ok = rule.ParseDecimal(v.String())
		return v.String(), ok
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), true
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), true
	case v.CanFloat():
		f := v.Float()
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return "", false
		}
		format := byte('f')
		if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) { // as encoding/json
			format = 'e'
		}
		return strconv.FormatFloat(f, format, -1, v.Type().Bits()), true
	default:
		return "", false
	}
}

func number(v reflect.Value) (rule.Decimal, bool) {
	text, ok := numberText(v)
	if !ok {
		return rule.Decimal{}, false
	}
	return rule.ParseDecimal(text)
}

// indirect follows pointers and interfaces. What is nil at last is invalid.
func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// asObject takes any map with text for keys as an object.
func asObject(in any) (map[string]any, bool) {
	if object, ok := in.(map[string]any); ok {
		return object, true
	}
	v := indirect(reflect.ValueOf(in))
	if v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	if v.CanConvert(objectType) {
		return v.Convert(objectType).Interface().(map[string]any), true
	}
	object := make(map[string]any, v.Len())
	for key, value := range v.Seq2() {
		object[key.String()] = value.Interface()
	}
	return object, true
}
