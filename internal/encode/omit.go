//go:build !stdjson

package encode

import (
	"reflect"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// either returns a function that reports whether a or b does. a may be nil.
func either(a, b func(p unsafe.Pointer) bool) func(p unsafe.Pointer) bool {
	if a == nil {
		return b
	}
	return func(p unsafe.Pointer) bool { return a(p) || b(p) }
}

// ifEmpty returns a function that reports whether the option omitempty leaves out the
// value of type t at p. It returns nil if no value of t is empty.
func ifEmpty(t reflect.Type) func(p unsafe.Pointer) bool {
	switch t.Kind() {
	case reflect.Slice:
		return func(p unsafe.Pointer) bool { return (*fields.SliceHeader)(p).Len == 0 }
	case reflect.Map:
		return func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Elem().Len() == 0 }
	case reflect.Array:
		empty := t.Len() == 0
		return func(unsafe.Pointer) bool { return empty }
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return nil
	default:
		return zero(t)
	}
}

// zero returns a function that reports whether the value of type t at p is the zero value.
func zero(t reflect.Type) func(p unsafe.Pointer) bool {
	switch t.Kind() {
	case reflect.String:
		return func(p unsafe.Pointer) bool { return *(*string)(p) == "" }
	case reflect.Float32: // -0 is zero
		return func(p unsafe.Pointer) bool { return *(*float32)(p) == 0 }
	case reflect.Float64:
		return func(p unsafe.Pointer) bool { return *(*float64)(p) == 0 }
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return func(p unsafe.Pointer) bool { return *(*unsafe.Pointer)(p) == nil }
	case reflect.Struct, reflect.Array, reflect.Complex64, reflect.Complex128:
		return func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Elem().IsZero() }
	}
	switch t.Size() { // bool and integers
	case 1:
		return func(p unsafe.Pointer) bool { return *(*uint8)(p) == 0 }
	case 2:
		return func(p unsafe.Pointer) bool { return *(*uint16)(p) == 0 }
	case 4:
		return func(p unsafe.Pointer) bool { return *(*uint32)(p) == 0 }
	default:
		return func(p unsafe.Pointer) bool { return *(*uint64)(p) == 0 }
	}
}

// ifZero returns a function that reports whether the option omitzero leaves out the value
// of type t at p. It calls the method IsZero if t has one, as encoding/json does.
func ifZero(t reflect.Type, addressable bool) func(p unsafe.Pointer) bool {
	switch {
	case t.Implements(zeroerType) && (t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer):
		return func(p unsafe.Pointer) bool {
			v := reflect.NewAt(t, p).Elem()
			return v.IsNil() || t.Kind() == reflect.Interface && v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() ||
				v.Interface().(zeroer).IsZero()
		}
	case t.Implements(zeroerType), addressable && reflect.PointerTo(t).Implements(zeroerType):
		return func(p unsafe.Pointer) bool { return reflect.NewAt(t, p).Interface().(zeroer).IsZero() }
	case reflect.PointerTo(t).Implements(zeroerType):
		return func(p unsafe.Pointer) bool {
			v := reflect.New(t) // a copy: the response itself must not be reachable by the method's pointer
			v.Elem().Set(reflect.NewAt(t, p).Elem())
			return v.Interface().(zeroer).IsZero()
		}
	default:
		return zero(t)
	}
}
