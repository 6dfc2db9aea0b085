package encode_test

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

// filled returns a copy of v with empty lists and maps in place of nil ones, which
// encoding/json writes as null. What omitzero leaves out stays nil.
func filled(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	filler{}.fill(c)
	return c
}

// filler has the copies of what pointers, maps and slices refer to.
type filler map[any]reflect.Value

func (f filler) fill(v reflect.Value) {
	if v.Type().Implements(reflect.TypeFor[json.Marshaler]()) || v.Type().Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			sf := v.Type().Field(i)
			if sf.IsExported() || sf.Anonymous {
				if omitted := strings.Contains(sf.Tag.Get("json"), "omitzero") && v.Field(i).IsZero(); !omitted {
					f.fill(v.Field(i))
				}
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Slice, reflect.Map, reflect.Pointer:
		f.refer(v)
	case reflect.Interface:
		if v.CanSet() && !v.IsNil() {
			c := reflect.New(v.Elem().Type()).Elem()
			c.Set(v.Elem())
			f.fill(c)
			v.Set(c)
		}
	}
}

func (f filler) refer(v reflect.Value) {
	switch {
	case !v.CanSet(): // an embedded pointer to a type that is not exported
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			f.fill(v.Elem())
		}
		return
	case v.Kind() == reflect.Pointer && v.IsNil():
		return
	}
	type reference struct {
		t      reflect.Type
		at     uintptr
		length int
	}
	at := reference{t: v.Type(), at: v.Pointer()}
	if v.Kind() == reflect.Slice {
		at.length = v.Len()
	}
	if known, ok := f[at]; ok {
		v.Set(known)
		return
	}
	var c reflect.Value
	switch v.Kind() {
	case reflect.Pointer:
		c = reflect.New(v.Type().Elem()).Convert(v.Type())
		f[at] = c
		c.Elem().Set(v.Elem())
		f.fill(c.Elem())
	case reflect.Slice:
		c = reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		f[at] = c
		reflect.Copy(c, v)
		for i := range c.Len() {
			f.fill(c.Index(i))
		}
	default:
		c = reflect.MakeMap(v.Type())
		f[at] = c
		for key, value := range v.Seq2() {
			elem := reflect.New(v.Type().Elem()).Elem()
			elem.Set(value)
			f.fill(elem)
			c.SetMapIndex(key, elem)
		}
	}
	v.Set(c)
}
