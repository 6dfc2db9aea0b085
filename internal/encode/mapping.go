//go:build !stdjson

package encode

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// commonMap returns a function that writes maps of type t without reflection, or nil if
// there is none for t. Without it, encoding such maps takes 55 % more instructions
// (go test -bench Typed/maps ./internal/encode).
func commonMap(t reflect.Type) mapWriter {
	switch {
	case t.ConvertibleTo(reflect.TypeFor[map[string]string]()):
		return mapOf[string]
	case t.ConvertibleTo(reflect.TypeFor[map[string][]string]()):
		return mapOf[[]string]
	case t.ConvertibleTo(reflect.TypeFor[map[string]int]()):
		return mapOf[int]
	case t.ConvertibleTo(reflect.TypeFor[map[string]int64]()):
		return mapOf[int64]
	case t.ConvertibleTo(reflect.TypeFor[map[string]float64]()):
		return mapOf[float64]
	case t.ConvertibleTo(reflect.TypeFor[map[string]bool]()):
		return mapOf[bool]
	default:
		return nil
	}
}

// mapOf is the mapWriter of maps from strings to V.
func mapOf[V any](w *writer, b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error) {
	m := *(*map[string]V)(p)
	switch {
	case len(m) == 0:
		return append(b, "{}"...), nil
	case depth > maxDepth:
		return b, errDeep
	}
	first := len(w.members)
	w.grow(len(m))
	members := w.members[first:first]
	for key := range m {
		members = append(members, member{key: key})
	}
	sortMembers(members)
	value := new(V)
	for i := range members {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		b = append(appendString(append(b, before), members[i].key), ':')
		*value = m[members[i].key]
		var err error
		if b, err = w.value(b, n.elem, unsafe.Pointer(value), depth+1); err != nil {
			return b, err
		}
	}
	w.members = w.members[:first]
	return append(b, '}'), nil
}

// mapping writes a map by reflection. Keys are sorted as strings, numbers too.
func (w *writer) mapping(b []byte, n *node, m reflect.Value, depth int) ([]byte, error) {
	switch {
	case m.Len() == 0:
		return append(b, "{}"...), nil
	case depth > maxDepth:
		return b, errDeep
	}
	s, err := n.sort(m)
	if err != nil {
		return b, err
	}
	values := s.values.UnsafePointer()
	for i, e := range s.entries {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		b = append(appendString(append(b, before), e.key), ':')
		if b, err = w.value(b, n.elem, unsafe.Add(values, uintptr(e.at)*n.size), depth+1); err != nil {
			return b, err
		}
	}
	n.keep(s)
	return append(b, '}'), nil
}

// sorted holds the content of a map in the order in which it is written. It is reused.
// Without this, encoding a map of structs takes 23 % more instructions
// (go test -bench Typed/structs ./internal/encode).
type sorted struct {
	each    reflect.MapIter
	key     reflect.Value // a variable of the key type
	values  reflect.Value // a slice of the value type
	entries []entry
}

type entry struct {
	key string
	at  int // index in values
}

// maxKept is the number of entries above which a sorted is not reused.
const maxKept = 256

// sort returns the content of m, a map of n's type. It reuses a sorted of n's pool.
// The error is that of a key's MarshalText.
func (n *node) sort(m reflect.Value) (*sorted, error) {
	s, _ := n.sorted.Get().(*sorted)
	if s == nil {
		s = &sorted{key: reflect.New(n.typ.Key()).Elem()}
	}
	if count := m.Len(); !s.values.IsValid() || s.values.Len() < count {
		s.values = reflect.MakeSlice(reflect.SliceOf(n.typ.Elem()), count, count)
	}
	for s.each.Reset(m); s.each.Next(); {
		s.key.SetIterKey(&s.each)
		s.values.Index(len(s.entries)).SetIterValue(&s.each)
		key, err := keyText(s.key)
		if err != nil {
			return nil, err
		}
		s.entries = append(s.entries, entry{key, len(s.entries)})
	}
	slices.SortFunc(s.entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return s, nil
}

// keep empties s and returns it to n's pool.
func (n *node) keep(s *sorted) {
	if len(s.entries) > maxKept {
		return
	}
	for i := range s.entries {
		s.values.Index(i).SetZero()
	}
	s.each.Reset(reflect.Value{})
	s.key.SetZero()
	clear(s.entries)
	s.entries = s.entries[:0]
	n.sorted.Put(s)
}
