package encode

import "bytes"

// Encoder writes values one after the other, each with a line break behind it. It
// is for one goroutine at a time, and can be used for ever, also after an error.
type Encoder struct{ backend *backend }

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w *bytes.Buffer) Encoder { return Encoder{newBackend(w)} }

// Encode writes v. Where it can't be encoded nothing is written.
func (e Encoder) Encode(v any) error { return e.backend.encode(v) }

// Marshal returns the JSON of v, without a line break.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
