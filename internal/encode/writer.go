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

// writer encodes values to a buffer. Its methods append to a slice b, which begins as
// the buffer's unused capacity (see [bytes.Buffer.AvailableBuffer]) and is written to
// the buffer at the end, usually without copying.
type writer struct {
	buffer  *bytes.Buffer
	fast    *json.Encoder    // made when first needed
	safe    *stdjson.Encoder // made when first needed
	members []member         // a stack: the members of the objects being written, the innermost object's last
	most    int              // the largest length of members during the current value
	shapes  shapes
}

func newWriter(buffer *bytes.Buffer) *writer { return &writer{buffer: buffer} }

// maxDepth is the nesting above which a value is written plainly, which returns an error
// if it contains itself.
const maxDepth = 500

// errDeep means that a value nests deeper than maxDepth. It never leaves this package.
var errDeep = errors.New("the value nests too deep")

// encode writes v and a newline, or nothing if it returns an error.
func (w *writer) encode(v any) error {
	defer w.forget() // deferred, since a method of a value may panic
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

// end writes b and a newline to the buffer if err is nil. Otherwise it truncates the
// buffer to the length that it had before v.
func (w *writer) end(before int, b []byte, err error, v any) error {
	if err == nil {
		w.buffer.Write(append(b, '\n'))
		return nil
	}
	w.buffer.Truncate(before)
	if err == errDeep {
		return newPlainly(w.buffer).encode(v)
	}
	return err
}

// Plan describes how to encode the values of one type. It is made by [Compile] and safe
// for concurrent use.
type Plan struct{ root *node }

// Compile returns the plan of t, which must not be an interface type.
func Compile(t reflect.Type) *Plan { return &Plan{nodeOf(t)} }

// Type returns the type that the plan was compiled for.
func (p *Plan) Type() reflect.Type { return p.root.typ }
