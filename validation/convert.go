package validation

import (
	"encoding/json"
	"fmt"
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

// supported returns an error if no field can have the type.
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

// convertFast converts decoded values to the types that most fields have. It reports
// false if convert has to decide.
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

// convert sets out, which is zero, to a value. If it can't, path says which element of
// a list is the reason, if one is.
func convert(in any, out reflect.Value) (path string, ok bool) {
	t := out.Type()
	v := rule.Indirect(reflect.ValueOf(in))
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
		text, ok := rule.NumberText(v)
		out.SetString(text)
		return "", ok
	case isObject(t):
		object, ok := rule.Object(v)
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
	t, ok := rule.Time(v)
	out.Set(reflect.ValueOf(t))
	return ok
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

// setNumber sets an integer or a float. A Go float without a fraction is accepted as
// an integer, since its JSON has no fraction either.
func setNumber(v, out reflect.Value) bool {
	text, ok := rule.NumberText(v)
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
