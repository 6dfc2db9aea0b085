//go:build !stdjson

package encode

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// commonMap returns what writes the maps of a type whose values Go can be asked for
// without reflection; nil for other types.
func commonMap(t reflect.Type) func(w *writer, b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error) {
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

func mapOf[V any](w *writer, b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error) {
	m := *(*map[string]V)(p)
	switch {
	case m == nil:
		return append(b, "null"...), nil
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

// mapping writes a map of values of one type, its keys sorted as texts, numbers too.
func (w *writer) mapping(b []byte, n *node, m reflect.Value, depth int) ([]byte, error) {
	switch {
	case m.IsNil():
		return append(b, "null"...), nil
	case depth > maxDepth:
		return b, errDeep
	}
	type entry struct {
		key string
		at  int
	}
	entries := make([]entry, 0, m.Len())
	elems := reflect.MakeSlice(reflect.SliceOf(n.typ.Elem()), m.Len(), m.Len())
	key := reflect.New(n.typ.Key()).Elem()
	for each := m.MapRange(); each.Next(); {
		key.SetIterKey(each)
		elems.Index(len(entries)).SetIterValue(each)
		entries = append(entries, entry{keyText(key), len(entries)})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	b = append(b, '{')
	for i, entry := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, entry.key), ':')
		var err error
		if b, err = w.value(b, n.elem, elems.Index(entry.at).Addr().UnsafePointer(), depth+1); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func keyText(key reflect.Value) string {
	switch {
	case key.Kind() == reflect.String:
		return key.String()
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10)
	default:
		return strconv.FormatUint(key.Uint(), 10)
	}
}
