//go:build !stdjson

package encode

import (
	stdjson "encoding/json"
	"errors"
	"reflect"
	"unsafe"

	"github.com/goccy/go-json"
)

// leave leaves a value to others, which write to the same buffer: to go-json, or to
// encoding/json what go-json can't be trusted with.
func (w *writer) leave(b []byte, n *node, p unsafe.Pointer) ([]byte, error) {
	v := reflect.NewAt(n.typ, p)
	if !n.byAddress {
		v = v.Elem()
	}
	w.buffer.Write(b)
	if err := w.others(n.trusted, v.Interface()); err != nil {
		return nil, err
	}
	w.buffer.Truncate(w.buffer.Len() - len("\n"))
	return w.buffer.AvailableBuffer(), nil
}

func (w *writer) others(trusted bool, v any) error {
	if !trusted {
		return w.standard(v)
	}
	if w.fast == nil {
		w.fast = json.NewEncoder(w.buffer)
		w.fast.SetEscapeHTML(false)
	}
	return w.fast.Encode(v)
}

// standard has encoding/json write a value and a line break.
func (w *writer) standard(v any) error {
	if w.safe == nil {
		w.safe = stdjson.NewEncoder(w.buffer)
		w.safe.SetEscapeHTML(false)
	}
	return w.safe.Encode(v)
}

// Unsupported reports whether err says that no value of a type can be encoded.
func Unsupported(err error) bool {
	var fast *json.UnsupportedTypeError
	var safe *stdjson.UnsupportedTypeError
	return errors.As(err, &fast) || errors.As(err, &safe)
}
