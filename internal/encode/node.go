//go:build !stdjson

package encode

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// node describes how to write the values of one Go type. It is made once for a type and
// not changed afterwards, except for the pool of sorted.
type node struct {
	kind      kind
	typ       reflect.Type
	elem      *node      // of a pointer, slice, array or map; the scalar of kindQuoted
	size      uintptr    // of an element
	length    int        // of an array
	fields    []field    // of a struct
	common    mapWriter  // of a map with a common type of values, else nil
	sorted    *sync.Pool // of *sorted, for other maps
	direct    bool       // an interface holds a value of this type itself, not a pointer to it
	byAddress bool       // kindDelegated: the library gets a pointer to the value
	trusted   bool       // kindDelegated: go-json is correct for the type
	nullable  *fields.Nullable
}

// mapWriter writes the map at p.
type mapWriter func(w *writer, b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error)

type kind uint8

const (
	kindBool kind = iota
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindUint8
	kindUint16
	kindUint32
	kindUint64
	kindFloat32
	kindFloat64
	kindString
	kindNumber
	kindStruct
	kindPointer
	kindSlice
	kindArray
	kindBytes
	kindAny
	kindAnyMap
	kindMap
	kindInterface
	kindTime
	kindDate     // a time.Time in the format date
	kindDuration // a time.Duration in the format duration
	kindNullable // apiphant.Optional, and sql.Null and its like
	kindQuoted
	kindDelegated   // written by go-json or encoding/json: types with methods, mostly
	kindUnsupported // a type that JSON does not have
)

var nodes sync.Map // of *node by reflect.Type

// nodeOf returns the node for the values of t in an interface, which have no address.
func nodeOf(t reflect.Type) *node {
	if known, ok := nodes.Load(t); ok {
		return known.(*node)
	}
	c := compiler{}
	known, _ := nodes.LoadOrStore(t, c.node(t, false))
	return known.(*node)
}

// compiler makes the nodes of a type and of all types in it. A type can have two nodes,
// since encoding/json calls methods with pointer receivers only on values that have an
// address.
type compiler map[place]*node

type place struct {
	typ         reflect.Type
	addressable bool
}

func (c compiler) node(t reflect.Type, addressable bool) *node {
	if n := c[place{t, addressable}]; n != nil {
		return n // possibly incomplete: a type may contain itself
	}
	n := &node{typ: t, direct: isDirect(t)}
	c[place{t, addressable}] = n
	layout, nullable := fields.NullableOf(t)
	switch {
	case t == timeType:
		n.kind = kindTime
	case nullable:
		n.kind, n.nullable, n.elem = kindNullable, &layout, c.node(layout.Value.Type, true)
	case t.Kind() != reflect.Pointer && (hasMethods(t) || addressable && hasMethods(reflect.PointerTo(t))):
		n.delegate(addressable)
	default:
		c.fill(n, addressable)
	}
	return n
}

// delegate makes n a node that go-json or encoding/json writes. go-json is used only for
// types with methods on the value itself that are the same with an address. Of the
// others it writes some differently than encoding/json, and crashes on some.
func (n *node) delegate(addressable bool) {
	t, pointer := n.typ, reflect.PointerTo(n.typ)
	same := t.Implements(jsonMarshaler) || t.Implements(textMarshaler) && !pointer.Implements(jsonMarshaler)
	n.kind = kindDelegated
	n.trusted = same && t.Kind() != reflect.Interface
	n.byAddress = addressable || same
}

// fill completes the node of a type without methods for JSON, or of a pointer type: the
// methods of a pointer are found at its element.
func (c compiler) fill(n *node, addressable bool) {
	t := n.typ
	switch t.Kind() {
	case reflect.String:
		n.kind = kindString
		if t == numberType {
			n.kind = kindNumber
		}
	case reflect.Struct:
		n.kind = kindStruct
		n.fields = c.fields(t, addressable)
	case reflect.Pointer:
		n.kind, n.elem = kindPointer, c.node(t.Elem(), true)
	case reflect.Slice:
		n.kind, n.elem, n.size = kindSlice, c.node(t.Elem(), true), t.Elem().Size()
		if t.Elem().Kind() == reflect.Uint8 && !hasMethods(reflect.PointerTo(t.Elem())) {
			n.kind = kindBytes
		}
	case reflect.Array:
		n.kind, n.elem, n.size, n.length = kindArray, c.node(t.Elem(), addressable), t.Elem().Size(), t.Len()
	case reflect.Map:
		c.fillMap(n)
	case reflect.Interface:
		n.kind = kindInterface
		if t.NumMethod() == 0 {
			n.kind = kindAny
		}
	default:
		n.kind = scalars[t.Kind()]
	}
}

// scalars has the kinds of bools and numbers. All else is unsupported.
var scalars = func() (kinds [reflect.UnsafePointer + 1]kind) {
	for k := range kinds {
		kinds[k] = kindUnsupported
	}
	for k, same := range map[reflect.Kind]kind{
		reflect.Bool: kindBool, reflect.Float32: kindFloat32, reflect.Float64: kindFloat64,
		reflect.Int8: kindInt8, reflect.Int16: kindInt16, reflect.Int32: kindInt32, reflect.Int64: kindInt64,
		reflect.Uint8: kindUint8, reflect.Uint16: kindUint16, reflect.Uint32: kindUint32, reflect.Uint64: kindUint64,
		reflect.Int: kindInt8 + bySize(unsafe.Sizeof(int(0))), reflect.Uint: kindUint8 + bySize(unsafe.Sizeof(uint(0))),
		reflect.Uintptr: kindUint8 + bySize(unsafe.Sizeof(uintptr(0))),
	} {
		kinds[k] = same
	}
	return kinds
}()

func bySize(size uintptr) kind {
	if size == 4 {
		return kindInt32 - kindInt8
	}
	return kindInt64 - kindInt8
}

// formatted returns the node of a field whose times or durations have a format, see
// [fields.Format]. It is one of its own: elsewhere, the type is written as usual.
func (c compiler) formatted(t reflect.Type, addressable bool, format string) *node {
	n := *c.node(t, addressable)
	switch {
	case t == timeType && format == "date":
		n.kind = kindDate
	case t == durationType && format == "duration":
		n.kind = kindDuration
	case n.kind == kindNullable:
		n.elem = c.formatted(n.nullable.Value.Type, true, format)
	case n.kind == kindPointer || n.kind == kindSlice:
		n.elem = c.formatted(t.Elem(), true, format)
	case n.kind == kindArray:
		n.elem = c.formatted(t.Elem(), addressable, format)
	case n.kind == kindMap:
		n.elem = c.formatted(t.Elem(), false, format)
	}
	return &n
}

// fillMap completes the node of a map. Keys are strings, what MarshalText returns, or
// integers in quotes.
func (c compiler) fillMap(n *node) {
	key := n.typ.Key()
	switch {
	case n.typ.Elem() == anyType && n.typ.ConvertibleTo(anyMapType):
		n.kind = kindAnyMap
	case key.Kind() == reflect.String:
		n.kind, n.elem, n.size, n.common = kindMap, c.node(n.typ.Elem(), false), n.typ.Elem().Size(), commonMap(n.typ)
	case key.Implements(textMarshaler), key.Kind() >= reflect.Int && key.Kind() <= reflect.Uintptr:
		n.kind, n.elem, n.size = kindMap, c.node(n.typ.Elem(), false), n.typ.Elem().Size()
	default:
		n.kind = kindUnsupported
	}
	if n.kind == kindMap && n.common == nil {
		n.sorted = new(sync.Pool)
	}
}

// isDirect reports whether an interface holds a value of type t in its data word, as it
// does for pointers, rather than a pointer to the value.
func isDirect(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	zero := reflect.Zero(t).Interface()
	return (*emptyInterface)(unsafe.Pointer(&zero)).word == nil
}

// emptyInterface is the memory layout of an any.
type emptyInterface struct{ typ, word unsafe.Pointer }
