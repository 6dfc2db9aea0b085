//go:build !stdjson

package encode

import (
	"bytes"
	stdjson "encoding/json"
	"errors"

	"github.com/goccy/go-json"
)

// backend writes plain values itself; the others go-json writes, and encoding/json
// what go-json can't be trusted with.
type backend struct {
	plain plain
	fast  *json.Encoder
	safe  *stdjson.Encoder
}

func newBackend(w *bytes.Buffer) *backend {
	b := &backend{fast: json.NewEncoder(w), safe: stdjson.NewEncoder(w)}
	b.plain = plain{buffer: w, others: b.encodeOther}
	b.fast.SetEscapeHTML(false)
	b.safe.SetEscapeHTML(false)
	return b
}

func (b *backend) encode(v any) error {
	switch v.(type) {
	case map[string]any, []any:
		if err := b.plain.encode(v); err != errDeep {
			return err
		}
		return b.safe.Encode(v)
	}
	return b.encodeOther(v)
}

func (b *backend) encodeOther(v any) error {
	if trusted(v, 0) {
		return b.fast.Encode(v)
	}
	return b.safe.Encode(v)
}

// Unsupported reports whether err says that no value of a type can be encoded.
func Unsupported(err error) bool {
	var fast *json.UnsupportedTypeError
	var safe *stdjson.UnsupportedTypeError
	return errors.As(err, &fast) || errors.As(err, &safe)
}
