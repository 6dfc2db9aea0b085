package decode

import (
	"encoding"
	"encoding/json"
	"reflect"
	"time"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// unmarshalJSON has the method of a type read the value at pos.
func (d *decoder) unmarshalJSON(n *node, dst unsafe.Pointer) bool {
	raw, ok := d.raw()
	if ok {
		d.own(n, dst, raw)
	}
	return ok
}

// own has the type's UnmarshalJSON read a value. Errors of fields that it returns are
// problems below the value. Any other error is dropped: it would be logged, and may
// quote what the client sent.
func (d *decoder) own(n *node, dst unsafe.Pointer, raw []byte) {
	err := reflect.NewAt(n.typ, dst).Interface().(json.Unmarshaler).UnmarshalJSON(raw)
	if err == nil {
		return
	}
	found := d.found
	if d.meaning != nil {
		problems, stop := d.meaning(err)
		for _, p := range problems {
			if stop == nil && p.Path != "" {
				d.add(Problem{Path: p.Path, State: p.State, Explain: p.Explain})
			}
		}
	}
	if d.found == found {
		d.invalid()
	}
}

// unmarshalText has the method of a type read the string at pos. Its error is dropped
// as that of UnmarshalJSON is.
func (d *decoder) unmarshalText(n *node, dst unsafe.Pointer) bool {
	raw, _, ok := d.scanString()
	if !ok {
		return false
	}
	text := unescape(nil, raw)
	if reflect.NewAt(n.typ, dst).Interface().(encoding.TextUnmarshaler).UnmarshalText(text) != nil {
		d.invalid()
	}
	return true
}

// time decodes the string at pos, which is a time or a duration.
func (d *decoder) time(n *node, dst unsafe.Pointer) bool {
	raw, escaped, ok := d.scanString()
	if !ok {
		return false
	}
	raw = d.unescaped(raw, escaped)
	if !n.setTime(dst, unsafe.String(unsafe.SliceData(raw), len(raw))) {
		d.wrongTime(n)
	}
	return true
}

// setTime sets the time or the duration at dst to a text, and reports whether the text
// has the format of the node.
func (n *node) setTime(dst unsafe.Pointer, text string) (ok bool) {
	switch n.kind {
	case fields.KindTime:
		*(*time.Time)(dst), ok = rule.DateTime(text)
	case fields.KindDate:
		*(*time.Time)(dst), ok = rule.Date(text)
	default:
		*(*time.Duration)(dst), ok = rule.Duration(text)
	}
	return ok
}

// formatted returns the node of a field whose times or durations have a format, see
// [fields.Format], or nil where they are in quotes by the option ",string". The node is
// one of its own: elsewhere, the type is decoded as usual.
func (n *node) formatted(format string) *node {
	with := *n
	switch n.kind {
	case fields.KindTime:
		with.kind = fields.KindDate
	case fields.KindInt64:
		with.kind = fields.KindDuration
	case fields.KindPointer, fields.KindNullable, fields.KindSlice, fields.KindArray, fields.KindMap:
		with.elem = n.elem.formatted(format)
		if with.elem == nil {
			return nil
		}
	case fields.KindQuoted:
		return nil
	}
	return &with
}
