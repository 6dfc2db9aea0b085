package encode

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/apiphant/apiphant/internal/fields"
)

// promoted is a field, or an embedded struct, while the fields of a struct are collected.
type promoted struct {
	fields.Field
	hops        []uintptr
	offset      uintptr
	options     []string
	format      string // see [fields.Format]
	addressable bool
}

// ownFields returns the fields that s declares, and the structs embedded in it.
func ownFields(s promoted) (own, embedded []promoted, _ error) {
	for i := range s.Type.NumField() {
		sf := s.Type.Field(i)
		tag, t := sf.Tag.Get("json"), fields.Deref(sf.Type)
		if tag == "-" || !sf.IsExported() && !(sf.Anonymous && t.Kind() == reflect.Struct) {
			continue
		}
		name, options := fields.Tag(tag)
		f := promoted{
			Field:       fields.Field{Name: cmp.Or(name, sf.Name), Named: name != "", Index: append(slices.Clip(s.Index), i), Type: sf.Type},
			hops:        s.hops,
			offset:      s.offset + sf.Offset,
			options:     options,
			format:      fields.Format(sf.Type, sf.Tag),
			addressable: s.addressable,
		}
		if !sf.Anonymous || t.Kind() != reflect.Struct || name != "" {
			own = append(own, f)
			continue
		}
		if t != sf.Type {
			f.hops = append(slices.Clip(s.hops), f.offset)
			f.offset, f.addressable = 0, true
		}
		f.Type = t
		embedded = append(embedded, f)
	}
	return own, embedded, nil
}
