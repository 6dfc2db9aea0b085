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
	kind      fields.Kind
	typ       reflect.Type
	elem      *node      // of a pointer, slice, array or map; the scalar of fields.KindQuoted
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

// kindDelegated is the kind of values that go-json or encoding/json writes: types with
// methods, mostly.
const kindDelegated = fields.KindOwn

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
	n.kind = fields.KindOf(t)
	switch {
	case n.kind == fields.KindTime, n.kind == fields.KindNullable:
		c.fill(n, addressable)
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
	switch n.kind {
	case fields.KindNullable:
		layout, _ := fields.NullableOf(t)
		n.nullable, n.elem = &layout, c.node(layout.Value.Type, true)
	case fields.KindStruct:
		n.fields = c.fields(t, addressable)
	case fields.KindPointer:
		n.elem = c.node(t.Elem(), true)
	case fields.KindSlice:
		n.elem, n.size = c.node(t.Elem(), true), t.Elem().Size()
		if t.Elem().Kind() == reflect.Uint8 && !hasMethods(reflect.PointerTo(t.Elem())) {
			n.kind = fields.KindBytes
		}
	case fields.KindArray:
		n.elem, n.size, n.length = c.node(t.Elem(), addressable), t.Elem().Size(), t.Len()
	case fields.KindMap:
		c.fillMap(n)
	}
}

// formatted returns the node of a field whose times or durations have a format, see
// [fields.Format]. It is one of its own: elsewhere, the type is written as usual.
func (c compiler) formatted(t reflect.Type, addressable bool, format string) *node {
	n := *c.node(t, addressable)
	switch {
	case t == timeType && format == "date":
		n.kind = fields.KindDate
	case t == durationType && format == "duration":
		n.kind = fields.KindDuration
	case n.kind == fields.KindNullable:
		n.elem = c.formatted(n.nullable.Value.Type, true, format)
	case n.kind == fields.KindPointer || n.kind == fields.KindSlice:
		n.elem = c.formatted(t.Elem(), true, format)
	case n.kind == fields.KindArray:
		n.elem = c.formatted(t.Elem(), addressable, format)
	case n.kind == fields.KindMap:
		n.elem = c.formatted(t.Elem(), false, format)
	}
	return &n
}

// fillMap completes the node of a map. Keys are strings, what MarshalText returns, or
// integers in quotes.
func (c compiler) fillMap(n *node) {
	key, elem := n.typ.Key(), n.typ.Elem()
	switch {
	case key.Kind() == reflect.String:
		n.common = commonMap(n.typ)
	case key.Implements(textMarshaler), key.Kind() >= reflect.Int && key.Kind() <= reflect.Uintptr:
	default:
		n.kind = fields.KindNone
		return
	}
	n.elem, n.size = c.node(elem, false), elem.Size()
	if n.common == nil {
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
	return (*fields.EmptyInterface)(unsafe.Pointer(&zero)).Word == nil
}
