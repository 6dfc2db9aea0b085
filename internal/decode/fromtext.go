package decode

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// texts decodes the texts of a value, of which there is one at least, into dst, which
// is zero.
func (d *decoder) texts(n *node, dst unsafe.Pointer, texts []string) {
	switch n.kind {
	case fields.KindPointer:
		p, found := reflect.New(n.elem.typ).UnsafePointer(), d.found
		d.texts(n.elem, p, texts)
		if n.elem.validates && d.found == found {
			d.validate(n.elem, p)
		}
		*(*unsafe.Pointer)(dst) = p
	case fields.KindNullable:
		*(*byte)(unsafe.Add(dst, n.nullable.State)) = n.nullable.Present
		p, found := unsafe.Add(dst, n.nullable.Value.Offset), d.found
		if d.texts(n.elem, p, texts); n.elem.validates && d.found == found {
			d.validate(n.elem, p)
		}
	case fields.KindSlice:
		list := reflect.MakeSlice(n.typ, len(texts), len(texts))
		reflect.NewAt(n.typ, dst).Elem().Set(list)
		d.elements(n.elem, list.UnsafePointer(), texts)
	case fields.KindArray:
		if len(texts) > n.length {
			d.refuse("maxItems", n.length)
			return
		}
		d.elements(n.elem, dst, texts)
	default:
		if len(texts) > 1 && d.strict {
			d.add(Problem{State: Duplicate})
			return
		}
		d.fromText(n, dst, texts[len(texts)-1])
	}
}

// elements decodes each text into an element of the list at first.
func (d *decoder) elements(n *node, first unsafe.Pointer, texts []string) {
	for i, text := range texts {
		found := d.found
		p := unsafe.Add(first, uintptr(i)*n.size)
		if d.fromText(n, p, text); n.validates && d.found == found {
			d.validate(n, p)
		}
		if d.found != found {
			d.under(found, step{order: i, element: true})
		}
	}
}

// fromText decodes a text into dst, which is zero.
func (d *decoder) fromText(n *node, dst unsafe.Pointer, text string) {
	if !utf8.ValidString(text) {
		d.wrongType(n)
		return
	}
	switch n.kind {
	case fields.KindString:
		*(*string)(dst) = d.copy(bytesOf(text))
	case fields.KindPointer:
		p, found := reflect.New(n.elem.typ).UnsafePointer(), d.found
		if d.fromText(n.elem, p, text); n.elem.validates && d.found == found {
			d.validate(n.elem, p)
		}
		*(*unsafe.Pointer)(dst) = p
	case fields.KindNullable:
		d.texts(n, dst, []string{text})
	case fields.KindQuoted:
		d.fromText(n.elem, dst, text)
	case fields.KindAny:
		*(*any)(dst) = strings.Clone(text)
	case kindRaw:
		*(*json.RawMessage)(dst), _ = json.Marshal(text) // text can always be written
	case fields.KindTime, fields.KindDate, fields.KindDuration:
		if !n.setTime(dst, text) {
			d.wrongTime(n)
		}
	case fields.KindBytes:
		b, err := base64.StdEncoding.DecodeString(text)
		if *(*[]byte)(dst) = b; err != nil {
			d.refuse("contentEncoding", "base64")
		}
	case kindUnmarshalText, kindUnmarshalJSON:
		if !n.ownText(dst, text) {
			d.invalid()
		}
	default:
		d.scalarText(n, dst, text)
	}
}

// scalarText decodes a number or a boolean as JSON has it. Text is no other value.
func (d *decoder) scalarText(n *node, dst unsafe.Pointer, text string) {
	in := decoder{data: bytesOf(text)}
	switch {
	case n.kind > fields.KindBool && n.kind != fields.KindNumber,
		text == "" || !in.fill(n, dst, text[0]) || in.pos != len(text):
		d.wrongType(n)
	case in.found > 0:
		d.add(in.problems[0].Problem)
	}
}

// ownText has the type's own method read the text.
func (n *node) ownText(dst unsafe.Pointer, text string) bool {
	v := reflect.NewAt(n.typ, dst)
	if u, ok := v.Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text)) == nil
	}
	u := v.Interface().(json.Unmarshaler)
	scan := decoder{data: bytesOf(text)}
	if c := scan.peek(); (c == '-' || c-'0' <= 9 || c == 't' || c == 'f') && scan.pos == 0 && scan.skipScalar(c) && scan.pos == len(text) {
		if u.UnmarshalJSON([]byte(text)) == nil {
			return true
		}
		v.Elem().SetZero()
	}
	quoted, _ := json.Marshal(text) // text can always be written
	return u.UnmarshalJSON(quoted) == nil
}
