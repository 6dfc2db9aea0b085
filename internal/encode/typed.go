//go:build !stdjson

package encode

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// value appends the JSON of the value at p, which has the type of n. depth is how deep the
// value is nested in lists, maps, pointers and interfaces; structs do not count.
func (w *writer) value(b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error) {
	switch n.kind {
	case fields.KindString:
		return appendString(b, *(*string)(p)), nil
	case fields.KindBool:
		return strconv.AppendBool(b, *(*bool)(p)), nil
	case fields.KindInt8:
		return appendInt(b, int64(*(*int8)(p))), nil
	case fields.KindInt16:
		return appendInt(b, int64(*(*int16)(p))), nil
	case fields.KindInt32:
		return appendInt(b, int64(*(*int32)(p))), nil
	case fields.KindInt64:
		return appendInt(b, *(*int64)(p)), nil
	case fields.KindUint8:
		return appendInt(b, int64(*(*uint8)(p))), nil
	case fields.KindUint16:
		return appendInt(b, int64(*(*uint16)(p))), nil
	case fields.KindUint32:
		return appendInt(b, int64(*(*uint32)(p))), nil
	case fields.KindUint64:
		return strconv.AppendUint(b, *(*uint64)(p), 10), nil
	case fields.KindFloat32:
		return appendFloat(b, float64(*(*float32)(p)), 32)
	case fields.KindFloat64:
		return appendFloat(b, *(*float64)(p), 64)
	case fields.KindStruct:
		return w.object(b, n, p, depth)
	case fields.KindSlice:
		s := (*fields.SliceHeader)(p)
		return w.elements(b, n, s.Data, s.Len, depth)
	case fields.KindPointer:
		p = *(*unsafe.Pointer)(p)
		switch {
		case p == nil:
			return append(b, "null"...), nil
		case depth > maxDepth:
			return b, errDeep
		}
		return w.value(b, n.elem, p, depth+1)
	case fields.KindAny:
		return w.append(b, *(*any)(p), depth+1)
	default:
		return w.rare(b, n, p, depth)
	}
}

// rare does what value does, for the kinds that most responses do not have. It is a
// function of its own because these cases would make value slower.
func (w *writer) rare(b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error) {
	switch n.kind {
	case fields.KindNumber:
		return appendNumber(b, *(*json.Number)(p))
	case fields.KindAnyMap:
		return w.appendMap(b, *(*map[string]any)(p), depth)
	case fields.KindArray:
		return w.elements(b, n, p, n.length, depth)
	case fields.KindMap:
		if n.common != nil {
			return n.common(w, b, n, p, depth)
		}
		return w.mapping(b, n, reflect.NewAt(n.typ, p).Elem(), depth)
	case fields.KindBytes:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), *(*[]byte)(p)), '"'), nil
	case fields.KindInterface:
		v := reflect.NewAt(n.typ, p).Elem()
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return w.append(b, v.Elem().Interface(), depth+1)
	case fields.KindTime: // by go-json, encoding takes 13 % more instructions (go test -bench Typed/rare ./internal/encode)
		text, err := (*time.Time)(p).AppendText(append(b, '"'))
		if err != nil {
			return b, &json.MarshalerError{Type: n.typ, Err: err}
		}
		return append(text, '"'), nil
	case fields.KindDate:
		return appendDate(b, *(*time.Time)(p))
	case fields.KindDuration:
		return append(append(append(b, '"'), (*time.Duration)(p).String()...), '"'), nil
	case fields.KindNullable:
		if *(*byte)(unsafe.Add(p, n.nullable.State)) != n.nullable.Present {
			return append(b, "null"...), nil
		}
		return w.value(b, n.elem, unsafe.Add(p, n.nullable.Value.Offset), depth)
	case fields.KindQuoted:
		return w.quoted(b, n.elem, p)
	case fields.KindNone:
		return b, &json.UnsupportedTypeError{Type: n.typ}
	default:
		return w.delegate(b, n, p)
	}
}

// object writes a struct. It writes each name with a comma before it, and then replaces
// the first comma by the opening brace.
func (w *writer) object(b []byte, n *node, p unsafe.Pointer, depth int) ([]byte, error) {
	first := true
	for i := range n.fields {
		f := &n.fields[i]
		at := p
		if f.optional {
			if at = f.follow(p); at == nil || f.omit != nil && f.omit(unsafe.Add(at, f.offset)) {
				continue
			}
		}
		at = unsafe.Add(at, f.offset)
		start := len(b)
		b = f.written.append(b)
		if first {
			b[start] = '{'
			first = false
		}
		if f.text {
			b = appendString(b, *(*string)(at))
			continue
		}
		var err error
		if b, err = w.value(b, f.node, at, depth); err != nil {
			return b, err
		}
	}
	if first {
		b = append(b, '{')
	}
	return append(b, '}'), nil
}

// follow returns the struct that declares f, which may be embedded in the one at p. It
// returns nil if an embedded pointer on the way is nil.
func (f *field) follow(p unsafe.Pointer) unsafe.Pointer {
	for _, hop := range f.hops {
		if p = *(*unsafe.Pointer)(unsafe.Add(p, hop)); p == nil {
			return nil
		}
	}
	return p
}

// elements writes an array or a slice as a JSON list. Its elements begin at p.
func (w *writer) elements(b []byte, n *node, p unsafe.Pointer, length, depth int) ([]byte, error) {
	if depth > maxDepth {
		return b, errDeep
	}
	b = append(b, '[')
	for i := range length {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = w.value(b, n.elem, unsafe.Add(p, uintptr(i)*n.size), depth+1); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// quoted writes a scalar in quotes, for the option ",string" of a json tag. The JSON of a
// string, which has quotes already, is written as a string again, as encoding/json does.
func (w *writer) quoted(b []byte, n *node, p unsafe.Pointer) ([]byte, error) {
	if n.kind == fields.KindString {
		return appendString(b, string(appendString(nil, *(*string)(p)))), nil
	}
	b, err := w.value(append(b, '"'), n, p, 0)
	return append(b, '"'), err
}

// dynamic writes v, whose type is known only at run time. For most types, the interface
// holds a pointer to the value, which is then written without a copy. Values of the other
// types, such as pointers and maps, are in the interface themselves. Non-nil pointers and
// some maps are written from there; the others are copied to memory that has an address.
func (w *writer) dynamic(b []byte, v any, depth int) ([]byte, error) {
	n := nodeOf(reflect.TypeOf(v))
	word := (*fields.EmptyInterface)(unsafe.Pointer(&v)).Word
	switch {
	case !n.direct:
		return w.value(b, n, word, depth)
	case n.kind == fields.KindPointer && word != nil && depth <= maxDepth:
		return w.value(b, n.elem, word, depth+1)
	case n.kind == fields.KindAnyMap:
		return w.appendMap(b, *(*map[string]any)(unsafe.Pointer(&word)), depth)
	case n.kind == fields.KindMap && n.common == nil:
		return w.mapping(b, n, reflect.ValueOf(v), depth)
	}
	copied := reflect.New(n.typ)
	copied.Elem().Set(reflect.ValueOf(v))
	return w.value(b, n, copied.UnsafePointer(), depth)
}
