//go:build !stdjson

package encode

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

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
