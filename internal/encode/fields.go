//go:build !stdjson

package encode

import (
	"reflect"
	"slices"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// field describes how one field of a struct is written. Fields of embedded structs are
// among those of the struct that embeds them. Without optional, encoding takes 10 % more
// instructions at 1 KB, and without text 6 % (go test -bench Typed/1KB ./internal/encode).
type field struct {
	written  key // ,"name":
	offset   uintptr
	node     *node
	hops     []uintptr                   // offsets of the embedded pointers to follow before offset applies
	omit     func(p unsafe.Pointer) bool // reports whether the value is left out; nil: never
	optional bool                        // hops or omit is set
	text     bool                        // a plain string, which object writes itself
}

func (c compiler) fields(t reflect.Type, addressable bool) []field {
	found, _, _ := fields.Promote(promoted{Field: fields.Field{Type: t}, addressable: addressable}, ownFields)
	all := make([]field, len(found))
	for i, p := range found {
		all[i] = c.field(p)
	}
	return all
}

func (c compiler) field(p promoted) field {
	f := field{
		written: newKey(`,"` + p.Name + `":`), // fields.Tag accepts no name that needs escaping
		hops:    p.hops, offset: p.offset,
		node: c.node(p.Type, p.addressable),
	}
	if p.format != "" {
		f.node = c.formatted(p.Type, p.addressable, p.format)
	}
	if slices.Contains(p.options, "string") && fields.CanQuote(p.Type) {
		f.node = quote(f.node)
	}
	if slices.Contains(p.options, "omitempty") {
		f.omit = ifEmpty(p.Type)
	}
	if slices.Contains(p.options, "omitzero") {
		f.omit = either(f.omit, ifZero(p.Type, p.addressable))
	}
	if layout := f.node.nullable; layout != nil && layout.MayAbsent {
		f.omit = either(f.omit, layout.Absent)
	}
	f.optional = f.omit != nil || len(f.hops) > 0
	f.text = f.node.kind == fields.KindString
	return f
}

// quote returns the node for the option ",string": n in quotes. Of a pointer, the
// element is quoted.
func quote(n *node) *node {
	switch n.kind {
	case kindDelegated:
		return n
	case fields.KindPointer:
		wrapped := *n
		wrapped.elem = quote(n.elem)
		return &wrapped
	default:
		return &node{kind: fields.KindQuoted, typ: n.typ, elem: n}
	}
}
