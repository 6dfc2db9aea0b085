package apiphant

import (
	"bytes"
	"encoding/json"

	"github.com/apiphant/apiphant/internal/encode"
	"github.com/apiphant/apiphant/internal/fields"
)

// Optional is a field that tells three things apart: the key was absent, it was null,
// or it had a value. An update of some fields needs that:
//
//	type Update struct {
//		Name  apiphant.Optional[string] `json:"name" minLength:"1"`
//		Phone apiphant.Optional[string] `json:"phone"`
//	}
//
//	{"phone":null}  →  Name.IsSet() is false, Phone.IsNull() is true
//
// The rules of its tags are for the value. With required:"true" the key must be
// there, and null is enough. The zero Optional is absent.
//
// In an answer, an absent field is left out, null is null, and a value is written as
// a T. An absent element of a list or a map is null. For encoding/json itself, an
// absent field is left out with the option omitzero, and null without it.
type Optional[T any] struct {
	presence fields.Presence // the first field: internal/fields knows the type by it
	value    T
}

// Some returns an Optional with a value.
func Some[T any](value T) Optional[T] { return Optional[T]{fields.Present, value} }

// Null returns an Optional that is null.
func Null[T any]() Optional[T] { return Optional[T]{presence: fields.Null} }

// Get returns the value, and reports whether there is one.
func (o Optional[T]) Get() (value T, ok bool) { return o.value, o.presence == fields.Present }

// IsSet reports whether the key was there, with null or a value.
func (o Optional[T]) IsSet() bool { return o.presence != fields.Absent }

// IsNull reports whether the key was there with null.
func (o Optional[T]) IsNull() bool { return o.presence == fields.Null }

// IsZero reports whether the key was absent, for the option omitzero of a json tag.
func (o Optional[T]) IsZero() bool { return o.presence == fields.Absent }

// MarshalJSON returns the JSON of the value, and null where there is none.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.presence != fields.Present {
		return []byte("null"), nil
	}
	return encode.Marshal(&o.value)
}

// UnmarshalJSON sets the Optional to null or to a value, by encoding/json: the tags of
// a typed request are not looked at here.
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	*o = Null[T]()
	if bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
		return nil
	}
	if err := json.Unmarshal(text, &o.value); err != nil {
		return err
	}
	o.presence = fields.Present
	return nil
}
