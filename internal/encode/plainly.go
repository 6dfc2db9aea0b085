package encode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apiphant/apiphant/internal/fields"
)

// plainly writes the same JSON as the encoder, by reflection and with encoding/json
// for all that is not a struct, a list or a map. It is slow. With the build tag stdjson
// it writes everything; without, what nests so deep that it may contain itself.
type plainly struct {
	buffer *bytes.Buffer
	leaves *json.Encoder
	depth  int
	around map[pointer]bool // the values that the one at hand is in, once it nests deep
}

// pointer is what a map, a slice or a pointer refers to.
type pointer struct {
	at     uintptr
	length int
}

// watchedDepth is the depth from which on values that contain themselves are looked for.
const watchedDepth = 1000

func newPlainly(buffer *bytes.Buffer) *plainly {
	w := &plainly{buffer: buffer, leaves: json.NewEncoder(buffer)}
	w.leaves.SetEscapeHTML(false)
	return w
}

// encode writes v and a newline, or nothing if it returns an error.
func (w *plainly) encode(v any) error {
	before := w.buffer.Len()
	w.depth, w.around = 0, nil
	if err := w.value(reflect.ValueOf(v), ""); err != nil {
		w.buffer.Truncate(before)
		return err
	}
	return w.buffer.WriteByte('\n')
}

// value writes a value whose times and durations have a format, see [fields.Format].
func (w *plainly) value(v reflect.Value, format string) error {
	if !v.IsValid() {
		return w.leaf(nil)
	}
	t := v.Type()
	switch layout, nullable := fields.NullableOf(t); {
	case nullable:
		return w.nullable(v, layout, format)
	case t == timeType && format == "date":
		text, err := appendDate(nil, v.Interface().(time.Time))
		w.buffer.Write(text)
		return err
	case t == durationType && format == "duration":
		return w.leaf(v.Interface().(time.Duration).String())
	case t.Kind() != reflect.Pointer && v.CanAddr() && hasMethods(reflect.PointerTo(t)):
		return w.leaf(v.Addr().Interface())
	case t.Kind() == reflect.Interface && hasMethods(t): // called also for a nil pointer in it
		copied := reflect.New(t)
		copied.Elem().Set(v)
		return w.leaf(copied.Interface())
	case t.Kind() != reflect.Pointer && hasMethods(t):
		return w.leaf(v.Interface())
	}
	switch t.Kind() {
	case reflect.Struct:
		return w.object(v)
	case reflect.Map, reflect.Slice, reflect.Pointer:
		return w.inside(v, func() error { return w.referred(v, format) })
	case reflect.Array:
		return w.list(v, format)
	case reflect.Interface:
		return w.value(v.Elem(), format)
	default:
		return w.leaf(v.Interface())
	}
}

// leaf has encoding/json write a value.
func (w *plainly) leaf(v any) error {
	if err := w.leaves.Encode(v); err != nil {
		return err
	}
	w.buffer.Truncate(w.buffer.Len() - len("\n"))
	return nil
}

// referred writes what a map, a slice or a pointer refers to.
func (w *plainly) referred(v reflect.Value, format string) error {
	switch t := v.Type(); {
	case t.Kind() == reflect.Map:
		return w.mapping(v, format)
	case t.Kind() == reflect.Pointer:
		return w.value(v.Elem(), format)
	case t.Elem().Kind() == reflect.Uint8 && !hasMethods(reflect.PointerTo(t.Elem())):
		return w.leaf(append([]byte{}, v.Bytes()...))
	default:
		return w.list(v, format)
	}
}

// inside calls write for a value that may contain itself, and returns an error if it
// does.
func (w *plainly) inside(v reflect.Value, write func() error) error {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > watchedDepth && !v.IsNil() {
		at := pointer{at: uintptr(v.UnsafePointer())}
		if v.Kind() == reflect.Slice {
			at.length = v.Len()
		}
		if w.around[at] {
			return &json.UnsupportedValueError{Value: v, Str: fmt.Sprintf("encountered a cycle via %s", v.Type())}
		}
		if w.around == nil {
			w.around = map[pointer]bool{}
		}
		w.around[at] = true
		defer delete(w.around, at)
	}
	return write()
}

func (w *plainly) list(v reflect.Value, format string) error {
	w.buffer.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			w.buffer.WriteByte(',')
		}
		if err := w.value(v.Index(i), format); err != nil {
			return err
		}
	}
	return w.buffer.WriteByte(']')
}

func (w *plainly) mapping(v reflect.Value, format string) error {
	key := v.Type().Key()
	if key.Kind() != reflect.String && !key.Implements(textMarshaler) && (key.Kind() < reflect.Int || key.Kind() > reflect.Uintptr) {
		return &json.UnsupportedTypeError{Type: v.Type()}
	}
	type member struct {
		key   string
		value reflect.Value
	}
	var members []member
	for key, value := range v.Seq2() {
		text, err := keyText(key)
		if err != nil {
			return err
		}
		members = append(members, member{text, value})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	before := byte('{')
	for _, m := range members {
		if err := w.member(before, m.key, m.value, format); err != nil {
			return err
		}
		before = ','
	}
	return w.close(before)
}

// member writes a member of an object, after the bracket or the comma before it.
func (w *plainly) member(before byte, key string, v reflect.Value, format string) error {
	w.buffer.WriteByte(before)
	if err := w.leaf(key); err != nil {
		return err
	}
	w.buffer.WriteByte(':')
	return w.value(v, format)
}

// close ends an object. before is the opening bracket if it has no member.
func (w *plainly) close(before byte) error {
	if before == '{' {
		w.buffer.WriteByte('{')
	}
	return w.buffer.WriteByte('}')
}

func (w *plainly) nullable(v reflect.Value, layout fields.Nullable, format string) error {
	value, state := layout.Of(v)
	if state != layout.Present {
		return w.leaf(nil)
	}
	return w.value(value, format)
}

func (w *plainly) object(v reflect.Value) error {
	before := byte('{')
	for _, f := range structFields(v.Type()) {
		field, err := v.FieldByIndexErr(f.Index)
		if err != nil || f.leftOut(field) { // an embedded pointer on the way is nil
			continue
		}
		if !slices.Contains(f.options, "string") || !fields.CanQuote(f.Type) {
			err = w.member(before, f.Name, field, f.format)
		} else {
			w.buffer.WriteByte(before)
			if err = w.leaf(f.Name); err == nil {
				w.buffer.WriteByte(':')
				err = w.quoted(field)
			}
		}
		if err != nil {
			return err
		}
		before = ','
	}
	return w.close(before)
}

// quoted writes a scalar in quotes, for the option ",string" of a json tag.
func (w *plainly) quoted(v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return w.leaf(nil)
		}
		return w.quoted(v.Elem())
	}
	if hasMethods(v.Type()) || v.CanAddr() && hasMethods(reflect.PointerTo(v.Type())) {
		return w.value(v, "")
	}
	start := w.buffer.Len()
	if err := w.leaf(v.Interface()); err != nil {
		return err
	}
	text := string(w.buffer.Bytes()[start:])
	w.buffer.Truncate(start)
	return w.leaf(text)
}

// leftOut reports whether an option of the field's json tag leaves its value out.
func (f *promoted) leftOut(v reflect.Value) bool {
	if layout, nullable := fields.NullableOf(v.Type()); nullable && layout.MayAbsent {
		if _, state := layout.Of(v); state == byte(fields.Absent) {
			return true
		}
	}
	return slices.Contains(f.options, "omitempty") && isEmpty(v) || slices.Contains(f.options, "omitzero") && isZero(v)
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return false
	default:
		return v.IsZero()
	}
}

// isZero calls the method IsZero if there is one, as encoding/json does.
func isZero(v reflect.Value) bool {
	t := v.Type()
	switch {
	case t.Implements(zeroerType):
		for nilable := v; nilable.Kind() == reflect.Interface || nilable.Kind() == reflect.Pointer; nilable = nilable.Elem() {
			if nilable.IsNil() {
				return true
			}
		}
		return v.Interface().(zeroer).IsZero()
	case reflect.PointerTo(t).Implements(zeroerType):
		if !v.CanAddr() {
			copied := reflect.New(t).Elem()
			copied.Set(v)
			v = copied
		}
		return v.Addr().Interface().(zeroer).IsZero()
	default:
		return v.IsZero()
	}
}

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// structFields returns the fields of a struct in JSON.
func structFields(t reflect.Type) []promoted {
	if known, ok := structs.Load(t); ok {
		return known.([]promoted)
	}
	found, _, _ := fields.Promote(promoted{Field: fields.Field{Type: t}}, ownFields)
	known, _ := structs.LoadOrStore(t, found)
	return known.([]promoted)
}

var structs sync.Map // of []promoted by reflect.Type
