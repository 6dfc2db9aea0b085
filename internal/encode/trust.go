//go:build !stdjson

package encode

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
)

// trust is what is known of a type before there is a value.
type trust uint8

const (
	always  trust = iota // go-json encodes all its values as encoding/json does
	depends              // on what is in its interfaces
	never
)

// maxDepth is where a value is taken for one that contains itself: encoding/json
// tells.
const maxDepth = 500

// trusted reports whether v can be left to go-json. That one crashes on some rare
// types, and writes others in another way: see [trustOf].
func trusted(v any, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch v := v.(type) {
	case nil, bool, string, json.Number, float64, int, int64:
		return true
	case map[string]any:
		for _, elem := range v {
			if !trusted(elem, depth+1) {
				return false
			}
		}
		return true
	case []any:
		for _, elem := range v {
			if !trusted(elem, depth+1) {
				return false
			}
		}
		return true
	}
	switch trustIn(reflect.TypeOf(v)) {
	case always:
		return true
	case depends:
		return trustedInside(reflect.ValueOf(v), depth)
	default:
		return false
	}
}

// trustedInside looks at what is in the interfaces of a value.
func trustedInside(v reflect.Value, depth int) bool {
	if depth > maxDepth {
		return false
	}
	if trustIn(v.Type()) != depends {
		return true
	}
	switch v.Kind() {
	case reflect.Interface:
		return !v.CanInterface() || trusted(v.Interface(), depth+1)
	case reflect.Pointer:
		return v.IsNil() || trustedInside(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if !trustedInside(v.Field(i), depth+1) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !trustedInside(v.Index(i), depth+1) {
				return false
			}
		}
	case reflect.Map:
		for elem := v.MapRange(); elem.Next(); {
			if !trustedInside(elem.Value(), depth+1) {
				return false
			}
		}
	}
	return true
}

var known sync.Map // of trust by reflect.Type

func trustIn(t reflect.Type) trust {
	if is, ok := known.Load(t); ok {
		return is.(trust)
	}
	is := trustOf(t, map[reflect.Type]bool{})
	known.Store(t, is)
	return is
}

// trustOf knows what go-json 0.12 does wrong. It reads memory that isn't the
// value's for a pointer to a pointer whose end has methods; it writes null for what
// is behind a pointer to an interface with methods; and it calls methods of
// pointers in arrays that have no address. All of that is rare, and so is
// what looks like it: it is all left to encoding/json.
func trustOf(t reflect.Type, seen map[reflect.Type]bool) trust {
	if seen[t] {
		return always // it counts once
	}
	seen[t] = true
	if !hasMethods(t) && hasMethods(reflect.PointerTo(t)) && t.Kind() != reflect.Pointer {
		return never
	}
	switch t.Kind() {
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return never
		}
		return depends
	case reflect.Pointer:
		elem := t.Elem()
		if elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Interface {
			return never
		}
		if hasMethods(t) {
			return always
		}
		return trustOf(elem, seen)
	case reflect.Slice, reflect.Array, reflect.Map:
		if hasMethods(t) {
			return always
		}
		return trustOf(t.Elem(), seen)
	case reflect.Struct:
		if hasMethods(t) {
			return always
		}
		least := always
		for i := range t.NumField() {
			least = max(least, trustOf(t.Field(i).Type, seen))
		}
		return least
	default:
		return always
	}
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func hasMethods(t reflect.Type) bool {
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler)
}
