package decode

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// ErrNotObject is the error for a body that is not exactly one JSON object.
var ErrNotObject = errors.New("not a JSON object")

const (
	maxDepth    = 64
	maxProblems = 100
)

// Object decodes a body into plain values: nil, bool, string,
// [encoding/json.Number] with the text it came with, []any and map[string]any.
// An empty body is an empty map. The only error is [ErrNotObject].
func Object(body []byte) (map[string]any, error) {
	if len(body) == 0 {
		return map[string]any{}, nil
	}
	d := decoder{data: body}
	if d.peek() != '{' {
		return nil, ErrNotObject
	}
	m, ok := d.anyObject()
	d.give()
	if !ok || !d.atEnd() {
		return nil, ErrNotObject
	}
	return m, nil
}

// StrictObject is [Object], with a problem for each key that comes more than once in
// its object, at any depth. If there is a problem, the map must not be used.
func StrictObject(body []byte) (map[string]any, []Problem, error) {
	if len(body) == 0 {
		return map[string]any{}, nil, nil
	}
	var m map[string]any
	problems, err := strictObject.DecodePointer(body, unsafe.Pointer(&m))
	return m, problems, err
}

// The plans of objects of plain values.
var (
	anyObject    = Plan{root: &node{kind: fields.KindAnyMap, typ: anyMapType}}
	strictObject = Plan{root: anyObject.root, strict: true}
)

// Plan decodes bodies into one Go type. [Compile] makes it. It is safe for concurrent
// use.
type Plan struct {
	root    *node
	meaning Meaning
	strict  bool
}

// Strict returns a plan that reports two more kinds of problems: keys that come more
// than once in their object, at any depth and also in a [json.RawMessage], and keys
// that a struct has no field for.
func (p *Plan) Strict() *Plan {
	strict := *p
	strict.strict = true
	return &strict
}

// Problem is what is wrong with one value of a request.
type Problem struct {
	Path    string // lines[1].code, byname.key.sub; "" is the request itself
	State   string // one of those below, or one that a Validate method chose
	Explain any    // any JSON value; nil: nothing
	Err     error  // the error of a Validate method, for the log; or nil
}

// The states of a problem that this package finds by itself.
const (
	Missing   = "missing"
	Invalid   = "invalid"
	Unknown   = "unknown"   // by a strict plan; Explain is the field's name that differs only in letter case, if there is one
	Duplicate = "duplicate" // by a strict plan
)

// Meaning says what an error of a Validate method means: either problems, with paths
// relative to the value that was validated ("" is that value), or an error that Decode
// returns as it is. If it returns neither, the value is invalid.
type Meaning func(err error) (problems []Problem, stop error)

// Decode decodes a body into *dst. dst must be a pointer to the plan's type, and *dst
// the zero value.
//
// It returns at most 100 problems, in the order of the struct's fields and at most one
// for each path; if there are more than 100, the others are left out. The error is
// [ErrNotObject] or, if there are no problems, the one that [Meaning] returned as stop.
// If there are problems or an error, *dst may be partly filled and must not be used.
//
// A problem with the path "" is one of the request as a whole: its own Validate or
// UnmarshalJSON refused it.
func (p *Plan) Decode(body []byte, dst any) ([]Problem, error) {
	return p.decode(body, nil, p.pointer(dst))
}

func (p *Plan) pointer(dst any) unsafe.Pointer {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem() != p.root.typ {
		panic("decode: dst is " + reflect.TypeOf(dst).String() + ", not a pointer to " + p.root.typ.String())
	}
	return v.UnsafePointer()
}

// DecodePointer is [Plan.Decode] for a caller who knows that dst points to the plan's
// type.
func (p *Plan) DecodePointer(body []byte, dst unsafe.Pointer) ([]Problem, error) {
	return p.decode(body, nil, dst)
}

func (p *Plan) decode(body []byte, values []Value, dst unsafe.Pointer) ([]Problem, error) {
	if len(body) == 0 {
		body = emptyObject
	}
	d := decoder{data: body, meaning: p.meaning, strict: p.strict}
	if d.peek() != '{' {
		return nil, ErrNotObject
	}
	ok := d.request(p.root, values, dst)
	d.give()
	if d.duplicates { // the first pass was given up: once more, without the members that are replaced
		dead := make(map[int]bool)
		scan := decoder{data: body, dead: dead}
		if !scan.markDuplicates() || !scan.atEnd() {
			return nil, ErrNotObject
		}
		reflect.NewAt(p.root.typ, dst).Elem().SetZero()
		d = decoder{data: body, meaning: p.meaning, dead: dead}
		d.peek()
		ok = d.request(p.root, values, dst)
		d.give()
	}
	if !ok {
		return nil, ErrNotObject
	}
	if d.found == 0 && p.root.validates {
		d.validate(p.root, dst)
	}
	if d.found > 0 {
		return d.report(), nil
	}
	return nil, d.stop
}

// request decodes the whole body and the values.
func (d *decoder) request(n *node, values []Value, dst unsafe.Pointer) bool {
	if len(values) > 0 {
		return d.fillWith(n, values, dst) && d.atEnd()
	}
	return d.fill(n, dst, '{') && d.atEnd()
}

var emptyObject = []byte("{}")
