//go:build !stdjson

package encode

import (
	stdjson "encoding/json"
	"errors"
	"reflect"
	"unsafe"

	"github.com/goccy/go-json"
)

// delegate has go-json or encoding/json write the value of n's type at p. They write to
// the same buffer, so b is flushed to it before.
func (w *writer) delegate(b []byte, n *node, p unsafe.Pointer) ([]byte, error) {
	v := reflect.NewAt(n.typ, p)
	if !n.byAddress {
		v = v.Elem()
	}
	w.buffer.Write(b)
	if err := w.library(n.trusted, v.Interface()); err != nil {
		return nil, err
	}
	w.buffer.Truncate(w.buffer.Len() - len("\n"))
	return w.buffer.AvailableBuffer(), nil
}

// library writes v and a newline by go-json if that is known to be correct for v's type,
// else by encoding/json. Without go-json, encoding takes 16 % more instructions
// (go test -bench Typed/rare ./internal/encode).
func (w *writer) library(trusted bool, v any) error {
	if !trusted {
		return w.standard(v)
	}
	if w.fast == nil {
		w.fast = json.NewEncoder(w.buffer)
		w.fast.SetEscapeHTML(false)
	}
	return w.fast.Encode(v)
}

// standard writes v and a newline by encoding/json.
func (w *writer) standard(v any) error {
	if w.safe == nil {
		w.safe = stdjson.NewEncoder(w.buffer)
		w.safe.SetEscapeHTML(false)
	}
	return w.safe.Encode(v)
}

// Unsupported reports whether err means that no value of some type can be encoded.
func Unsupported(err error) bool {
	var fast *json.UnsupportedTypeError
	var safe *stdjson.UnsupportedTypeError
	return errors.As(err, &fast) || errors.As(err, &safe)
}

// AppendString appends text as a JSON string, as [Encoder] writes it.
func AppendString(b []byte, text string) []byte { return appendString(b, text) }
