//go:build !stdjson

package encode

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unsafe"
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
	field
	name        string
	index       []int
	named       bool // by its tag
	typ         reflect.Type
	options     []string
	addressable bool
}

// fields finds the fields of a struct, in their order, by the rules of
// encoding/json: of the fields of one name the least nested wins, then the one that
// has the name from its tag; where that leaves two, there is none.
func (c compiler) fields(t reflect.Type, addressable bool) []field {
	var all []promoted
	visited := map[reflect.Type]bool{}
	next := []promoted{{typ: t, addressable: addressable}}
	for len(next) > 0 {
		level := next
		next = nil
		times := map[reflect.Type]int{}
		for _, s := range level {
			times[s.typ]++
		}
		for _, s := range level {
			if visited[s.typ] {
				continue
			}
			visited[s.typ] = true
			own, structs := ownFields(s)
			all = append(all, own...)
			if times[s.typ] > 1 {
				all = append(all, own...) // twice at one level: they annihilate each other
			}
			next = append(next, structs...)
		}
	}
	var fields []field
	for _, f := range dominant(all) {
		fields = append(fields, c.field(f))
	}
	return fields
}

// ownFields are the fields of one struct, and the structs embedded in it.
func ownFields(s promoted) (own, structs []promoted) {
	for i := range s.typ.NumField() {
		sf := s.typ.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" || !sf.IsExported() && !(sf.Anonymous && deref(sf.Type).Kind() == reflect.Struct) {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = ""
		}
		f := promoted{
			field:       field{hops: s.hops, offset: s.offset + sf.Offset},
			name:        cmp.Or(name, sf.Name),
			index:       append(slices.Clip(s.index), i),
			named:       name != "",
			typ:         sf.Type,
			options:     strings.Split(options, ","),
			addressable: s.addressable,
		}
		t := sf.Type
		if t.Name() == "" {
			t = deref(t)
		}
		if !sf.Anonymous || t.Kind() != reflect.Struct || name != "" {
			own = append(own, f)
			continue
		}
		if sf.Type.Kind() == reflect.Pointer {
			f.hops = append(slices.Clip(s.hops), f.offset)
			f.offset, f.addressable = 0, true
		}
		f.typ = t
		structs = append(structs, f)
	}
	return own, structs
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// dominant leaves one field of each name, in the order of the struct.
func dominant(all []promoted) []promoted {
	slices.SortStableFunc(all, func(a, b promoted) int {
		named := 0
		if a.named != b.named {
			named = 1
			if a.named {
				named = -1
			}
		}
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)), named)
	})
	var winners []promoted
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && all[end].name == all[i].name {
			end++
		}
		if end == i+1 || len(all[i].index) != len(all[i+1].index) || all[i].named != all[i+1].named {
			winners = append(winners, all[i])
		}
		i = end
	}
	slices.SortFunc(winners, func(a, b promoted) int { return slices.Compare(a.index, b.index) })
	return winners
}

func (c compiler) field(p promoted) field {
	f := p.field
	f.written = newKey(`,"` + p.name + `":`) // no name has what must be escaped
	f.node = c.node(p.typ, p.addressable)
	t := p.typ
	if t.Name() == "" {
		t = deref(t)
	}
	if slices.Contains(p.options, "string") && (t.Kind() == reflect.String || t.Kind() <= reflect.Float64) {
		f.node = quote(f.node)
	}
	if slices.Contains(p.options, "omitempty") {
		f.omit = ifEmpty(p.typ)
	}
	if slices.Contains(p.options, "omitzero") {
		f.omit = either(f.omit, ifZero(p.typ, p.addressable))
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

// validName says whether encoding/json takes the name in a json tag.
func validName(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return name != ""
}
