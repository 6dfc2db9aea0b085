package encode

import (
	"bytes"
	"reflect"
	"sync"
)

// Encoder writes JSON values to a buffer, each followed by a newline. It must not be
// used by more than one goroutine at a time. It remains usable after an error.
type Encoder struct{ writer *writer }

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w *bytes.Buffer) Encoder { return Encoder{newWriter(w)} }

// Encode writes v. It writes nothing if it returns an error.
func (e Encoder) Encode(v any) error { return e.writer.encode(v) }

// EncodePointer writes the value that src points to. src must be a non-nil pointer to
// the plan's type; otherwise EncodePointer panics. Unlike Encode it does not need the
// value in an interface, which saves the copy.
func (e Encoder) EncodePointer(plan *Plan, src any) error {
	v := reflect.ValueOf(src)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem() != plan.Type() {
		panic("encode: src is " + reflect.TypeOf(src).String() + ", not a pointer to " + plan.Type().String())
	}
	return e.writer.encodePointer(plan, v.UnsafePointer())
}

// marshaler is an encoder with its buffer, reused by [Marshal].
type marshaler struct {
	buffer  bytes.Buffer
	encoder Encoder
}

var marshalers = sync.Pool{New: func() any {
	m := new(marshaler)
	m.encoder = NewEncoder(&m.buffer)
	return m
}}

// maxPooled is the capacity in bytes above which a buffer is not reused, so that one
// large value does not keep its memory.
const maxPooled = 1 << 16

// Marshal returns the JSON of v, without a newline. The caller owns the result.
func Marshal(v any) ([]byte, error) {
	m := marshalers.Get().(*marshaler)
	if err := m.encoder.Encode(v); err != nil {
		return nil, err
	}
	text := bytes.Clone(bytes.TrimSuffix(m.buffer.Bytes(), []byte("\n")))
	if m.buffer.Reset(); m.buffer.Cap() <= maxPooled {
		marshalers.Put(m)
	}
	return text, nil
}
