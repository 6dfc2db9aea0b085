//go:build !stdjson

package encode

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// node is how the values of one Go type are written. Nodes are made once for a type
// and never changed after that, but for what they keep to be used again.
type node struct {
	kind      kind
	typ       reflect.Type
	elem      *node                                                                           // what is pointed to, an element, what is in quotes
	size      uintptr                                                                         // of an element, or of a map's value
	length    int                                                                             // of an array
	fields    []field                                                                         // of a struct
	common    func(w *writer, b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error) // of a map; may be nil
	sorted    *sync.Pool                                                                      // of *sorted; of a map that is not common
	direct    bool                                                                            // a value in an interface is the interface's own word
	byAddress bool                                                                            // what is left to others is given as a pointer
	trusted   bool                                                                            // and go-json may have it
}

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
	kindQuoted
	kindOther       // left to others: what has methods of its own, mostly
	kindUnsupported // in JSON
)

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	numberType    = reflect.TypeFor[json.Number]()
	timeType      = reflect.TypeFor[time.Time]()
	anyType       = reflect.TypeFor[any]()
	anyMapType    = reflect.TypeFor[map[string]any]()
)

var nodes sync.Map // of *node by reflect.Type

// nodeOf returns how the values of a type are written where they are in an
// interface.
func nodeOf(t reflect.Type) *node {
	if known, ok := nodes.Load(t); ok {
		return known.(*node)
	}
	c := compiler{}
	known, _ := nodes.LoadOrStore(t, c.node(t, false))
	return known.(*node)
}

// compiler makes the nodes of one type and of those that it is made of. A type has
// two: encoding/json calls the methods of pointers where a value has an address.
type compiler map[place]*node

type place struct {
	typ         reflect.Type
	addressable bool
}

func (c compiler) node(t reflect.Type, addressable bool) *node {
	if n := c[place{t, addressable}]; n != nil {
		return n // perhaps half made: types can be recursive
	}
	n := &node{typ: t, direct: isDirect(t)}
	c[place{t, addressable}] = n
	switch {
	case t == timeType:
		n.kind = kindTime
	case t.Kind() != reflect.Pointer && (hasMethods(t) || addressable && hasMethods(reflect.PointerTo(t))):
		n.leave(addressable)
	default:
		c.fill(n, addressable)
	}
	return n
}

func hasMethods(t reflect.Type) bool {
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler)
}

// leave leaves the values of a type to others. go-json has those whose methods are
// their own, and the same where they have an address: other methods it calls in
// ways of its own, and it crashes on some.
func (n *node) leave(addressable bool) {
	t, pointer := n.typ, reflect.PointerTo(n.typ)
	same := t.Implements(jsonMarshaler) || t.Implements(textMarshaler) && !pointer.Implements(jsonMarshaler)
	n.kind = kindOther
	n.trusted = same && t.Kind() != reflect.Interface
	n.byAddress = addressable || same
}

// fill compiles a type that has no methods for JSON. Those of what a pointer points
// to are the pointer's, too.
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
		c.fillMap(n, addressable)
	case reflect.Interface:
		n.kind = kindInterface
		if t.NumMethod() == 0 {
			n.kind = kindAny
		}
	default:
		n.kind = scalars[t.Kind()]
	}
}

// scalars has the kinds of the others.
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

// fillMap compiles a map. Its keys are texts, or numbers in quotes; where they have
// a method for that, encoding/json calls it.
func (c compiler) fillMap(n *node, addressable bool) {
	key := n.typ.Key()
	switch {
	case n.typ.Elem() == anyType && n.typ.ConvertibleTo(anyMapType):
		n.kind = kindAnyMap
	case key.Kind() == reflect.String:
		n.kind, n.elem, n.size, n.common = kindMap, c.node(n.typ.Elem(), false), n.typ.Elem().Size(), commonMap(n.typ)
	case key.Implements(textMarshaler):
		n.kind, n.byAddress = kindOther, addressable
	case key.Kind() >= reflect.Int && key.Kind() <= reflect.Uintptr:
		n.kind, n.elem, n.size = kindMap, c.node(n.typ.Elem(), false), n.typ.Elem().Size()
	default:
		n.kind = kindUnsupported
	}
	if n.kind == kindMap && n.common == nil {
		n.sorted = new(sync.Pool)
	}
}

// isDirect reports whether a value of type t in an interface is the word of the
// interface itself, as pointers are, and not what that points to.
func isDirect(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	zero := reflect.Zero(t).Interface()
	return (*emptyInterface)(unsafe.Pointer(&zero)).word == nil
}

// emptyInterface is an interface as it lies in memory.
type emptyInterface struct{ typ, word unsafe.Pointer }
