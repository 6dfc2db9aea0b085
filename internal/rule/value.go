package rule

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"
)

var (
	numberType = reflect.TypeFor[json.Number]()
	objectType = reflect.TypeFor[map[string]any]()
)

// Equal reports whether two Go values stand for the same JSON value. The zero Value
// is null. Numbers of any type are compared by their value, so that 1 and 1.0 are
// equal; lists are equal if their elements are, in order; objects (maps with text for
// keys) if they have the same keys with equal values; a [time.Time] equals another,
// or RFC 3339 text, of the same instant. A value of any other type equals none.
func Equal(a, b reflect.Value) bool {
	a, b = Indirect(a), Indirect(b)
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if x, ok := NumberText(a); ok {
		y, ok := NumberText(b)
		return ok && equalNumbers(x, y)
	}
	if a.Type() == timeType || b.Type() == timeType {
		x, ok := Time(a)
		y, ok2 := Time(b)
		return ok && ok2 && x.Equal(y)
	}
	switch {
	case a.Type() == numberType || b.Type() == numberType:
		return false
	case a.Kind() == reflect.String:
		return b.Kind() == reflect.String && a.String() == b.String()
	case a.Kind() == reflect.Bool:
		return b.Kind() == reflect.Bool && a.Bool() == b.Bool()
	case a.Kind() == reflect.Slice || a.Kind() == reflect.Array:
		return equalLists(a, b)
	case a.Kind() == reflect.Map:
		return equalObjects(a, b)
	default:
		return false
	}
}

func equalNumbers(a, b string) bool {
	x, ok := ParseDecimal(a)
	y, ok2 := ParseDecimal(b)
	return ok && ok2 && x.Compare(y) == 0
}

func equalLists(a, b reflect.Value) bool {
	if b.Kind() != reflect.Slice && b.Kind() != reflect.Array || a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if !Equal(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

func equalObjects(a, b reflect.Value) bool {
	x, ok := Object(a)
	y, ok2 := Object(b)
	if !ok || !ok2 || len(x) != len(y) {
		return false
	}
	for key, value := range x {
		other, ok := y[key]
		if !ok || !Equal(reflect.ValueOf(value), reflect.ValueOf(other)) {
			return false
		}
	}
	return true
}

// Indirect follows pointers and interfaces. It returns the zero Value for nil.
func Indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// Object returns any map that has text for keys as an object. The result may be the
// map itself.
func Object(v reflect.Value) (map[string]any, bool) {
	v = Indirect(v)
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

// Time returns a [time.Time], or the time that text is in the format date-time, as
// [DateTime] says.
func Time(v reflect.Value) (time.Time, bool) {
	if v.Type() == timeType {
		return v.Interface().(time.Time), true
	}
	if v.Kind() != reflect.String {
		return time.Time{}, false
	}
	return DateTime(v.String())
}

// NumberText returns the text of a number in JSON. It reports false for a value that
// is no number, for infinities and for a [json.Number] with other text in it.
func NumberText(v reflect.Value) (text string, ok bool) {
	switch {
	case !v.IsValid():
		return "", false
	case v.Type() == numberType:
		_, ok = ParseDecimal(v.String())
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
