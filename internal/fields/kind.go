package fields

import (
	"encoding/json"
	"reflect"
	"unsafe"
)

// Kind is how values of a type are decoded from JSON and encoded to it. Packages decode
// and encode each have some kinds of their own, which begin at [KindOwn].
type Kind uint8

// The kinds that values are both decoded from and encoded to. Code relies on the order of
// the first twelve.
const (
	KindInt8 Kind = iota
	KindInt16
	KindInt32
	KindInt64
	KindUint8
	KindUint16
	KindUint32
	KindUint64
	KindFloat32
	KindFloat64
	KindBool
	KindString
	KindStruct
	KindPointer
	KindSlice
	KindAny       // the empty interface
	KindAnyMap    // map[string]any and map types that convert to it
	KindNumber    // json.Number
	KindBytes     // []byte, which is base64 in JSON
	KindArray     // of a fixed length
	KindMap       // any other map
	KindInterface // any other interface
	KindQuoted    // a scalar with the option ",string"
	KindTime      // time.Time, in the format date-time
	KindDate      // time.Time, in the format date
	KindDuration  // time.Duration, in the format duration
	KindNullable  // apiphant.Optional, and sql.Null and its like
	KindNone      // a type that JSON does not have, such as a func
	KindOwn
)

// KindOf returns the kind of a type without regard to its methods. It never returns
// KindBytes, KindQuoted, KindDate or KindDuration, which also depend on the methods of a
// list's elements or on a field's tag.
func KindOf(t reflect.Type) Kind {
	switch _, nullable := NullableOf(t); {
	case nullable:
		return KindNullable
	case t == timeType:
		return KindTime
	case t == numberType:
		return KindNumber
	case t.Kind() == reflect.Map && t.ConvertibleTo(anyMapType):
		return KindAnyMap
	case t.Kind() == reflect.Interface && t.NumMethod() == 0:
		return KindAny
	}
	if k, ok := kinds[t.Kind()]; ok {
		return k
	}
	return KindNone
}

var kinds = map[reflect.Kind]Kind{
	reflect.Bool: KindBool, reflect.String: KindString, reflect.Float32: KindFloat32, reflect.Float64: KindFloat64,
	reflect.Int8: KindInt8, reflect.Int16: KindInt16, reflect.Int32: KindInt32, reflect.Int64: KindInt64,
	reflect.Uint8: KindUint8, reflect.Uint16: KindUint16, reflect.Uint32: KindUint32, reflect.Uint64: KindUint64,
	reflect.Int: bySize(unsafe.Sizeof(int(0)), KindInt32, KindInt64), reflect.Uint: bySize(unsafe.Sizeof(uint(0)), KindUint32, KindUint64),
	reflect.Uintptr: bySize(unsafe.Sizeof(uintptr(0)), KindUint32, KindUint64),
	reflect.Struct:  KindStruct, reflect.Pointer: KindPointer, reflect.Slice: KindSlice, reflect.Array: KindArray,
	reflect.Map: KindMap, reflect.Interface: KindInterface,
}

func bySize(bytes uintptr, of4, of8 Kind) Kind {
	if bytes == 4 {
		return of4
	}
	return of8
}

var (
	anyMapType = reflect.TypeFor[map[string]any]()
	numberType = reflect.TypeFor[json.Number]()
)
