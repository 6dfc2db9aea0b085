package decode

import (
	"reflect"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
	"github.com/apiphant/apiphant/internal/upload"
)

var contentType = reflect.TypeFor[*upload.Content]()

// contentOf returns the index of the field of a type in which a file has its content,
// which makes the type one for files; -1: it is none. That is apiphant.File, which this
// package can't import.
func contentOf(t reflect.Type) int {
	if t.Kind() != reflect.Struct {
		return -1
	}
	for i := range t.NumField() {
		if t.Field(i).Type == contentType {
			return i
		}
	}
	return -1
}

// files puts files into dst, which is zero.
func (d *decoder) files(n *node, dst unsafe.Pointer, files []any) {
	v := reflect.NewAt(n.typ, dst).Elem()
	switch {
	case n.kind == fields.KindPointer:
		p := reflect.New(n.elem.typ).UnsafePointer()
		d.files(n.elem, p, files)
		*(*unsafe.Pointer)(dst) = p
	case n.kind == fields.KindSlice && n.elem.kind == kindFile:
		v.Set(reflect.MakeSlice(n.typ, len(files), len(files)))
		for i, file := range files {
			v.Index(i).Set(reflect.ValueOf(file).Elem())
		}
	case n.kind != kindFile:
		d.wrongType(n)
	case len(files) > 1 && d.strict:
		d.add(Problem{State: Duplicate})
	default:
		v.Set(reflect.ValueOf(files[len(files)-1]).Elem())
	}
}

// fileCheck returns the check of a file, or nil where there is none.
func (n *node) fileCheck(c *rule.Check, contentTypes []any) check {
	if c.Empty() && contentTypes == nil {
		return nil
	}
	offset := n.typ.Field(contentOf(n.typ)).Offset
	return func(p unsafe.Pointer) bool {
		content := *(**upload.Content)(unsafe.Add(p, offset))
		if content == nil {
			return false
		}
		return c.Len(int(content.Size)) && (contentTypes == nil || rule.IsContentType(contentTypes, content.Detected, content.ContentType))
	}
}
