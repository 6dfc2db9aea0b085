//go:build !stdjson

package encode

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"reflect"
	"unsafe"

	"github.com/goccy/go-json"
)

// writer writes values to a buffer. What is written goes behind the buffer's bytes
// first, where it has room, and becomes part of it in the end: the b of its methods
// is all that was written since the buffer's end.
type writer struct {
	buffer  *bytes.Buffer
	fast    *json.Encoder    // for what is left to others, once there is some
	safe    *stdjson.Encoder // as well
	members []member         // of the objects that are being written, the innermost last
	most    int              // of them so far
	shapes  shapes
}

func newWriter(buffer *bytes.Buffer) *writer { return &writer{buffer: buffer} }

// maxDepth is where a value is taken for one that contains itself: encoding/json
// tells.
const maxDepth = 500

// errDeep is of what nests deeper.
var errDeep = errors.New("the value nests too deep")

// encode writes v and a line break, or nothing.
func (w *writer) encode(v any) error {
	defer w.forget() // also where a method of a value panics
	before := w.buffer.Len()
	b, err := w.append(w.buffer.AvailableBuffer(), v, 0)
	return w.end(before, b, err, v)
}

// encodePointer is encode of what p points to.
func (w *writer) encodePointer(plan *Plan, p unsafe.Pointer) error {
	defer w.forget()
	before := w.buffer.Len()
	b, err := w.value(w.buffer.AvailableBuffer(), plan.root, p, 0)
	if err != errDeep {
		return w.end(before, b, err, nil)
	}
	return w.end(before, b, err, reflect.NewAt(plan.root.typ, p).Elem().Interface())
}

// end keeps what was written of v, which is behind so many bytes before, if all was.
func (w *writer) end(before int, b []byte, err error, v any) error {
	if err == nil {
		w.buffer.Write(append(b, '\n'))
		return nil
	}
	w.buffer.Truncate(before)
	if err == errDeep {
		return w.standard(v)
	}
	return err
}

// Plan is how the values of one type are encoded. Make it with [Compile]; it is safe
// for concurrent use.
type Plan struct{ root *node }

// Compile returns the plan of a type, which is not an interface.
func Compile(t reflect.Type) *Plan { return &Plan{nodeOf(t)} }

// Type returns the type whose values the plan is for.
func (p *Plan) Type() reflect.Type { return p.root.typ }
