//go:build stdjson

package encode

import (
	"bytes"
	"encoding/json"
	"errors"
)

// backend is encoding/json.
type backend struct{ safe *json.Encoder }

func newBackend(w *bytes.Buffer) *backend {
	b := &backend{json.NewEncoder(w)}
	b.safe.SetEscapeHTML(false)
	return b
}

func (b *backend) encode(v any) error { return b.safe.Encode(v) }

// Unsupported reports whether err says that no value of a type can be encoded.
func Unsupported(err error) bool {
	var unsupported *json.UnsupportedTypeError
	return errors.As(err, &unsupported)
}
