package encode

import (
	"bytes"
	"reflect"
	"sync"
)

// Encoder writes values one after the other, each with a line break behind it. It
// is for one goroutine at a time, and can be used for ever, also after an error.
type Encoder struct{ writer *writer }

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w *bytes.Buffer) Encoder { return Encoder{newWriter(w)} }

// Encode writes v. Where it can't be encoded nothing is written.
func (e Encoder) Encode(v any) error { return e.writer.encode(v) }

// EncodePointer is Encode of what src points to, a value of the plan's type, for a
// caller who has it in memory: it is not copied into an interface.
func (e Encoder) EncodePointer(plan *Plan, src any) error {
	v := reflect.ValueOf(src)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem() != plan.Type() {
		panic("encode: src is " + reflect.TypeOf(src).String() + ", not a pointer to " + plan.Type().String())
	}
	return e.writer.encodePointer(plan, v.UnsafePointer())
}

// marshaler is an encoder with its buffer, which [Marshal] uses again.
type marshaler struct {
	buffer  bytes.Buffer
	encoder Encoder
}

var marshalers = sync.Pool{New: func() any {
	m := new(marshaler)
	m.encoder = NewEncoder(&m.buffer)
	return m
}}

// maxPooled keeps one large text from holding its memory for ever.
const maxPooled = 1 << 16

// Marshal returns the JSON of v, without a line break.
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
