package decode

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"unsafe"

	"github.com/apiphant/apiphant/internal/rule"
)

// uniqueItems compares as JSON Schema does: numbers as numbers, 1 and 1.0 are equal,
// and objects without regard to the order of their keys; what is neither a scalar
// nor any by the JSON that it becomes.
func (t *tagged) uniqueItems(value string) error {
	var unique bool
	if err := boolean(value, &unique); err != nil {
		return err
	}
	if t.target.kind != kindSlice {
		return t.wrongType("lists")
	}
	if !unique {
		return nil
	}
	elem := t.target.elem
	t.whole(func(p unsafe.Pointer) bool {
		s := (*sliceHeader)(p)
		seen := make(map[string]bool, s.len)
		for i := range s.len {
			key, ok := elem.identity(unsafe.Add(s.data, uintptr(i)*elem.size))
			if !ok || seen[key] {
				return false
			}
			seen[key] = true
		}
		return true
	})
	return nil
}

// identity is a text that two equal values of a type share, and no others. It takes
// time linear in the value's own text, whatever its exponents. It reports false for
// a value that no JSON can be made of.
func (n *node) identity(p unsafe.Pointer) (string, bool) {
	switch {
	case n.kind <= kindString || n.kind == kindNumber:
		return n.canonical(p), true
	case n.kind == kindAny:
		return string(appendIdentity(nil, *(*any)(p))), true
	}
	text, err := json.Marshal(reflect.NewAt(n.typ, p).Interface())
	if err != nil {
		return "", false
	}
	d := decoder{data: text}
	v, ok := d.anyValue(d.peek())
	d.give()
	if !ok { // deeper than a request can be: a method of the type wrote it
		return string(text), true
	}
	return string(appendIdentity(nil, v)), true
}

// appendIdentity appends the identity of a plain value. Its first byte says what it
// is, and each says where it ends, so that no two values run into one text.
func appendIdentity(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		return appendText(b, v)
	case json.Number:
		number, _ := rule.ParseDecimal(string(v))
		return append(append(b, number.String()...), ',')
	case []any:
		b = append(b, '[')
		for _, elem := range v {
			b = appendIdentity(b, elem)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b = appendIdentity(appendText(b, key), v[key])
		}
		return append(b, '}')
	default:
		return append(b, "null"...)
	}
}

// appendText appends a text behind its length.
func appendText(b []byte, text string) []byte {
	b = strconv.AppendInt(append(b, '"'), int64(len(text)), 10)
	return append(append(b, '"'), text...)
}
