//go:build !stdjson

package encode

import (
	"cmp"
	"reflect"
	"slices"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// field is one that a struct has in JSON, its own or an embedded struct's.
type field struct {
	written key // ,"name":
	offset  uintptr
	node    *node
	hops    []uintptr                   // to embedded pointers, each from where the one before points
	omit    func(p unsafe.Pointer) bool // whether the value is left out; nil: never
	special bool                        // it has one of these
	text    bool                        // it is a plain string
}

// promoted is a field on its way to be one.
type promoted struct {
	fields.Field
	hops        []uintptr
	offset      uintptr
	options     []string
	addressable bool
}

func (c compiler) fields(t reflect.Type, addressable bool) []field {
	found, _, _ := fields.Promote(promoted{Field: fields.Field{Type: t}, addressable: addressable}, ownFields)
	all := make([]field, len(found))
	for i, p := range found {
		all[i] = c.field(p)
	}
	return all
}

// ownFields are the fields of one struct, and the structs embedded in it.
func ownFields(s promoted) (own, embedded []promoted, _ error) {
	for i := range s.Type.NumField() {
		sf := s.Type.Field(i)
		tag, t := sf.Tag.Get("json"), fields.Deref(sf.Type)
		if tag == "-" || !sf.IsExported() && !(sf.Anonymous && t.Kind() == reflect.Struct) {
			continue
		}
		name, options := fields.Tag(tag)
		f := promoted{
			Field:       fields.Field{Name: cmp.Or(name, sf.Name), Named: name != "", Index: append(slices.Clip(s.Index), i), Type: sf.Type},
			hops:        s.hops,
			offset:      s.offset + sf.Offset,
			options:     options,
			addressable: s.addressable,
		}
		if !sf.Anonymous || t.Kind() != reflect.Struct || name != "" {
			own = append(own, f)
			continue
		}
		if t != sf.Type {
			f.hops = append(slices.Clip(s.hops), f.offset)
			f.offset, f.addressable = 0, true
		}
		f.Type = t
		embedded = append(embedded, f)
	}
	return own, embedded, nil
}

func (c compiler) field(p promoted) field {
	f := field{
		written: newKey(`,"` + p.Name + `":`), // no name has what must be escaped
		hops:    p.hops, offset: p.offset,
		node: c.node(p.Type, p.addressable),
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
	f.special = f.omit != nil || len(f.hops) > 0
	f.text = f.node.kind == kindString
	return f
}

// quote wraps a scalar, or what a pointer points to, for the option ",string".
func quote(n *node) *node {
	switch n.kind {
	case kindOther:
		return n
	case kindPointer:
		wrapped := *n
		wrapped.elem = quote(n.elem)
		return &wrapped
	default:
		return &node{kind: kindQuoted, typ: n.typ, elem: n}
	}
}
