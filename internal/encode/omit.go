//go:build !stdjson

package encode

import (
	"reflect"
	"unsafe"
)

// either leaves out what one of two leaves out, of which one may be nil.
func either(a, b func(p unsafe.Pointer) bool) func(p unsafe.Pointer) bool {
	if a == nil {
		return b
	}
	return func(p unsafe.Pointer) bool { return a(p) || b(p) }
}

// ifEmpty is the option "omitempty" for values of a type; nil where none is empty.
func ifEmpty(t reflect.Type) func(p unsafe.Pointer) bool {
	switch t.Kind() {
	case reflect.Slice:
		return func(p unsafe.Pointer) bool { return (*sliceHeader)(p).len == 0 }
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

// zero tells of the values of a type whether they are what a variable begins as.
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

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// ifZero is the option "omitzero" for values of a type, which may have a method that
// tells.
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
			v := reflect.New(t) // the method must not get hold of what has no address
			v.Elem().Set(reflect.NewAt(t, p).Elem())
			return v.Interface().(zeroer).IsZero()
		}
	default:
		return zero(t)
	}
}
