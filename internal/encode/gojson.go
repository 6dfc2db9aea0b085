//go:build !stdjson

package encode

import (
	stdjson "encoding/json"
	"errors"
	"io"

	"github.com/goccy/go-json"
)

// backend is go-json, and encoding/json for what go-json can't be trusted with.
type backend struct {
	fast *json.Encoder
	safe *stdjson.Encoder
}

func newBackend(w io.Writer) backend {
	b := backend{json.NewEncoder(w), stdjson.NewEncoder(w)}
	b.fast.SetEscapeHTML(false)
	b.safe.SetEscapeHTML(false)
	return b
}

func (b backend) encode(v any) error {
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
