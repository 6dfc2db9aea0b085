package decode

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// areUnique reports whether no two elements of a list are equal, as JSON Schema
// compares them: numbers by their value, so that 1 and 1.0 are equal, and objects
// without regard to the order of their keys. An element that is neither a scalar nor
// an any is compared as the JSON that it becomes. n is the node of the elements.
func (n *node) areUnique(list *fields.SliceHeader) bool {
	seen := make(map[string]bool, list.Len)
	for i := range list.Len {
		key, ok := n.identity(unsafe.Add(list.Data, uintptr(i)*n.size))
		if !ok || seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}

// identity returns a text that is the same for equal values of a type, and only for
// these. It takes time linear in the length of the value's JSON, whatever exponents
// are in it. It reports false if the value has no JSON.
func (n *node) identity(p unsafe.Pointer) (string, bool) {
	switch {
	case n.kind <= fields.KindString || n.kind == fields.KindNumber:
		return n.canonical(p), true
	case n.kind == fields.KindAny:
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

// canonical returns a text that is the same for equal scalars of a type, and only for
// these.
func (n *node) canonical(p unsafe.Pointer) string {
	switch k := n.kind; {
	case k <= fields.KindInt64:
		return strconv.FormatInt(loadInt(k, p), 10)
	case k <= fields.KindUint64:
		return strconv.FormatUint(loadUint(k, p), 10)
	case k == fields.KindFloat32:
		return strconv.FormatUint(uint64(math.Float32bits(*(*float32)(p)+0)), 16) // + 0: -0 is 0
	case k == fields.KindFloat64:
		return strconv.FormatUint(math.Float64bits(*(*float64)(p)+0), 16)
	case k == fields.KindBool:
		return strconv.FormatBool(*(*bool)(p))
	case k == fields.KindNumber:
		v, _ := rule.ParseDecimal(*(*string)(p))
		return v.String()
	default:
		return *(*string)(p)
	}
}

// appendIdentity appends the identity of a plain value. The first byte of an identity
// says of which kind it is, and its end can be told from it, so that the identities of
// different lists are different.
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

// appendText appends the length of a text and the text.
func appendText(b []byte, text string) []byte {
	b = strconv.AppendInt(append(b, '"'), int64(len(text)), 10)
	return append(append(b, '"'), text...)
}
