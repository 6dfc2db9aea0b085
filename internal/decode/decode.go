package decode

import (
	"errors"
	"reflect"
	"unsafe"
)

// ErrNotObject says that a body is not exactly one JSON object.
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

// StrictObject is [Object] for a caller who lets no key come twice, at any depth:
// each that does is a problem. Where there is one the map must not be used.
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
	anyObject    = Plan{root: &node{kind: kindAnyMap, typ: anyMapType}}
	strictObject = Plan{root: anyObject.root, strict: true}
)

// Plan is how a body becomes a value of one Go type. Make it with [Compile]; it
// is safe for concurrent use.
type Plan struct {
	root    *node
	meaning Meaning
	strict  bool
}

// Strict returns a plan that refuses what p passes over: keys that come twice at
// any depth, in what is kept as it came too, and keys that a struct has no field
// for, of which some differ from a field's name in their letter case alone. Each is
// a problem of its own.
func (p *Plan) Strict() *Plan {
	strict := *p
	strict.strict = true
	return &strict
}

// Problem is what is wrong with one value of a request.
type Problem struct {
	Path    string // lines[1].code, byname.key.sub; "" is the request itself
	State   string // one of those below, or a word of the product's own
	Explain any    // any JSON value, or nil
	Err     error  // what a Validate method said, for the log; else nil
}

// The states of a problem that this package finds by itself.
const (
	Missing   = "missing"
	Invalid   = "invalid"
	Unknown   = "unknown"   // where strict; Explain is the name that differs in letter case alone, if there is one
	Duplicate = "duplicate" // where strict
)

// Meaning says what an error of a Validate method means: problems, whose paths
// are relative to the value that was validated ("" is that value), or an error
// that ends the request as it is. Where it returns neither, the value is invalid.
type Meaning func(err error) (problems []Problem, stop error)

// Decode fills *dst, a pointer to the plan's type that points to its zero value.
//
// The problems, at most 100 of them, are in the order of the struct's fields,
// and at most one for a path. (Of more than 100 some are left out.) The error is
// [ErrNotObject], or, where there is no problem, what [Meaning] returned as stop.
// In either case *dst may be half filled and must not be used.
//
// Problems whose Path is "" are about the request as a whole: its own Validate
// or UnmarshalJSON refused it.
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

// DecodePointer is [Plan.Decode] for a caller who knows that dst points to the
// plan's type.
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
	if d.duplicates { // whatever came of it: once more, without the members that others replace
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
