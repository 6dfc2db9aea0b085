package fields

import (
	"reflect"
	"strings"
	"time"
	"unsafe"
)

// Presence says what was there for an apiphant.Optional, whose first field it is.
type Presence uint8

// The states of an apiphant.Optional.
const (
	Absent Presence = iota
	Null
	Present
)

// Nullable is the layout of a struct type that is null or a value in JSON: of an
// apiphant.Optional, and of a type of database/sql such as sql.Null and
// sql.NullString.
type Nullable struct {
	Value     reflect.StructField
	State     uintptr // offset of the byte that is Null or Present
	Null      byte
	Present   byte
	MayAbsent bool // it is an Optional: a State of 0 is neither
}

// Absent reports whether the Optional at p has neither a value nor null.
func (n *Nullable) Absent(p unsafe.Pointer) bool {
	return *(*byte)(unsafe.Add(p, n.State)) == byte(Absent)
}

// Of returns the value of v, which has this layout, at an address of its own, and its
// state.
func (n *Nullable) Of(v reflect.Value) (value reflect.Value, state byte) {
	copied := reflect.New(v.Type())
	copied.Elem().Set(v)
	p := copied.UnsafePointer()
	return reflect.NewAt(n.Value.Type, unsafe.Add(p, n.Value.Offset)).Elem(), *(*byte)(unsafe.Add(p, n.State))
}

var presenceType = reflect.TypeFor[Presence]()

// NullableOf returns the layout of t, and reports whether t is such a type.
func NullableOf(t reflect.Type) (Nullable, bool) {
	if t.Kind() != reflect.Struct || t.NumField() != 2 {
		return Nullable{}, false
	}
	first, second := t.Field(0), t.Field(1)
	switch {
	case first.Type == presenceType:
		return Nullable{Value: second, State: first.Offset, Null: byte(Null), Present: byte(Present), MayAbsent: true}, true
	case t.PkgPath() == "database/sql" && strings.HasPrefix(t.Name(), "Null") && second.Name == "Valid":
		return Nullable{Value: first, State: second.Offset, Present: 1}, true
	default:
		return Nullable{}, false
	}
}

// Format returns "date" where a tag makes a time.Time a date, and "duration" where it
// makes a time.Duration text; else "". A field's type may be one of these, a list or a
// map of them, and each of that may be behind pointers or nullable.
func Format(t reflect.Type, tag reflect.StructTag) string {
	format := tag.Get("format")
	elements := false
	for range maxLevels {
		switch layout, nullable := NullableOf(t); {
		case t == timeType && format == "date", t == durationType && format == "duration":
			return format
		case nullable:
			t = layout.Value.Type
		case t.Kind() == reflect.Pointer:
			t = t.Elem()
		case !elements && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map):
			elements, t = true, t.Elem()
		default:
			return ""
		}
	}
	return ""
}

// maxLevels bounds the types that [Format] looks into: a type may point to itself.
const maxLevels = 20

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)
