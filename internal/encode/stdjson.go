//go:build stdjson

package encode

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"unsafe"
)

// writer writes everything plainly.
type writer struct{ plainly *plainly }

func newWriter(w *bytes.Buffer) *writer { return &writer{newPlainly(w)} }

func (w *writer) encode(v any) error { return w.plainly.encode(v) }

func (w *writer) encodePointer(plan *Plan, p unsafe.Pointer) error {
	return w.encode(reflect.NewAt(plan.typ, p).Elem().Interface())
}

// Plan describes how to encode the values of one type. It is made by [Compile] and safe
// for concurrent use.
type Plan struct{ typ reflect.Type }

// Compile returns the plan of t, which must not be an interface type.
func Compile(t reflect.Type) *Plan { return &Plan{t} }

// Type returns the type that the plan was compiled for.
func (p *Plan) Type() reflect.Type { return p.typ }

// Unsupported reports whether err means that no value of some type can be encoded.
func Unsupported(err error) bool {
	var unsupported *json.UnsupportedTypeError
	return errors.As(err, &unsupported)
}

// AppendString appends text as a JSON string, as [Encoder] writes it.
func AppendString(b []byte, text string) []byte {
	buffer := bytes.NewBuffer(b)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // text can always be encoded
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}
