package decode

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// check reports whether the value at p keeps to the rules.
type check func(p unsafe.Pointer) bool

// checks are the rules of a field, or of the elements of one, for a value that was
// there and decoded.
type checks struct {
	way    []*fields.Nullable // to the value: through nullable types, and through pointers, which are nil here
	node   *node              // of the value
	whole  check
	single []single // the rules of whole one by one
	each   *checks  // for the elements of a list or a map
}

// single is a rule apart from the others, to say that a value breaks it.
type single struct {
	check       check
	explanation map[string]any // the word and what it says
}

// checks compiles rules into checks of values of the node's type; nil: there is
// nothing to check.
func (n *node) checks(r *rule.Rules) (*checks, error) {
	c := &checks{}
	for n.kind == fields.KindPointer || n.kind == fields.KindQuoted || n.kind == fields.KindNullable {
		if n.kind != fields.KindQuoted {
			c.way = append(c.way, n.nullable)
		}
		n = n.elem
	}
	c.node = n
	var err error
	if c.whole, err = n.check(r); err != nil {
		return nil, err
	}
	for _, one := range r.Each() {
		check, err := n.check(&one.Rules)
		if err != nil {
			return nil, err
		}
		c.single = append(c.single, single{check, map[string]any{one.Word: one.Value}})
	}
	if r.Items != nil {
		if c.each, err = n.elem.checks(r.Items); err != nil {
			return nil, err
		}
	}
	if c.whole == nil && c.each == nil {
		return nil, nil
	}
	return c, nil
}

// run adds a problem if the value at p breaks a rule, and one for each element of it
// that does.
func (c *checks) run(d *decoder, p unsafe.Pointer) {
	for _, nullable := range c.way {
		switch {
		case nullable == nil:
			if p = *(*unsafe.Pointer)(p); p == nil {
				return
			}
		case *(*byte)(unsafe.Add(p, nullable.State)) != nullable.Present:
			return
		default:
			p = unsafe.Add(p, nullable.Value.Offset)
		}
	}
	if c.whole != nil && !c.whole(p) {
		d.add(Problem{State: Invalid, Explain: c.broken(p)})
		return
	}
	switch {
	case c.each == nil:
	case c.node.kind == fields.KindMap:
		c.runMap(d, p)
	case c.node.kind == fields.KindArray:
		c.runList(d, p, c.node.length)
	default:
		s := (*fields.SliceHeader)(p)
		c.runList(d, s.Data, s.Len)
	}
}

func (c *checks) runList(d *decoder, first unsafe.Pointer, length int) {
	for i := range length {
		found := d.found
		c.each.run(d, unsafe.Add(first, uintptr(i)*c.node.elem.size))
		if d.found != found {
			d.under(found, step{order: i, element: true})
		}
	}
}

// runMap puts the values of a map to the rules. Of more than a hundred problems, the
// first by their keys are kept.
func (c *checks) runMap(d *decoder, p unsafe.Pointer) {
	m := reflect.NewAt(c.node.typ, p).Elem()
	elem := reflect.New(c.node.elem.typ)
	wrong := map[string][]problem{}
	for key, value := range m.Seq2() {
		elem.Elem().Set(value)
		in := decoder{}
		if c.each.run(&in, elem.UnsafePointer()); in.found > 0 {
			name := keyInPath(keyText(key))
			in.under(0, step{name: name})
			wrong[name] = in.problems
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		for _, problem := range wrong[name] {
			if d.found++; len(d.problems) < maxProblems {
				d.problems = append(d.problems, problem)
			}
		}
	}
}

// keyText returns the text of a map's key.
func keyText(key reflect.Value) string {
	if key.Kind() != reflect.String {
		if m, ok := key.Interface().(encoding.TextMarshaler); ok {
			text, _ := m.MarshalText()
			return string(text)
		}
	}
	return fmt.Sprint(key)
}

// broken returns the rules that the value at p breaks: {"pattern": "^a"}; nil: each of
// them is too long to be named. It must not be changed.
func (c *checks) broken(p unsafe.Pointer) any {
	var all map[string]any
	for i, rule := range c.single {
		switch {
		case rule.check(p):
		case all == nil:
			all = c.single[i].explanation
		default:
			all = maps.Clone(all)
			maps.Copy(all, rule.explanation)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// only returns the check of the whole value if that is all there is to do, else nil. The
// decoder then calls it without the steps of run. Without this, decoding takes 2 % more
// instructions at 1 KB and 4 % more at 100 KB, or where every field has a rule
// (go test -bench '(Typed/(1KB|100KB)|Validate/rules)' ./internal/decode).
func (c *checks) only() check {
	if c == nil || len(c.way) > 0 || c.each != nil {
		return nil
	}
	return c.whole
}

// check compiles rules into the check of a value in memory, or nil where there is
// none. The rules are for values of the node's type: [rule.Parse] saw to that.
func (n *node) check(r *rule.Rules) (check, error) {
	if n.kind == fields.KindTime || n.kind == fields.KindDate || n.kind == fields.KindDuration {
		return nil, nil // the format, which decoding has seen to
	}
	c, err := r.Compile()
	if err != nil {
		return nil, err
	}
	if n.kind == kindFile {
		return n.fileCheck(c, r.ContentType), nil
	}
	if r.UniqueItems {
		return func(p unsafe.Pointer) bool {
			s := (*fields.SliceHeader)(p)
			return c.Len(s.Len) && n.elem.areUnique(s)
		}, nil
	}
	if c.Empty() {
		return nil, nil
	}
	return n.apply(c), nil
}

// apply returns the check of values in memory of the node's type.
func (n *node) apply(c *rule.Check) check {
	if short := n.applyOne(c); short != nil {
		return short
	}
	switch k := n.kind; k {
	case fields.KindInt64:
		return func(p unsafe.Pointer) bool { return c.Int(*(*int64)(p)) }
	case fields.KindInt8, fields.KindInt16, fields.KindInt32:
		return func(p unsafe.Pointer) bool { return c.Int(loadInt(k, p)) }
	case fields.KindUint8, fields.KindUint16, fields.KindUint32, fields.KindUint64:
		return func(p unsafe.Pointer) bool { return c.Uint(loadUint(k, p)) }
	case fields.KindFloat32:
		return func(p unsafe.Pointer) bool { return c.Float(float64(*(*float32)(p)), 32) }
	case fields.KindFloat64:
		return func(p unsafe.Pointer) bool { return c.Float(*(*float64)(p), 64) }
	case fields.KindNumber:
		return func(p unsafe.Pointer) bool {
			v, ok := rule.ParseDecimal(*(*string)(p))
			return ok && c.Decimal(v)
		}
	case fields.KindBool:
		return func(p unsafe.Pointer) bool { return c.Bool(*(*bool)(p)) }
	case fields.KindString:
		return func(p unsafe.Pointer) bool { return c.Text(*(*string)(p)) }
	case fields.KindSlice, fields.KindBytes:
		return func(p unsafe.Pointer) bool { return c.Len((*fields.SliceHeader)(p).Len) }
	case fields.KindMap, fields.KindAnyMap:
		return func(p unsafe.Pointer) bool { return c.Len(reflect.NewAt(n.typ, p).Elem().Len()) }
	default: // a type with UnmarshalJSON or UnmarshalText that has MarshalText: a format
		return func(p unsafe.Pointer) bool {
			text, err := reflect.NewAt(n.typ, p).Interface().(encoding.TextMarshaler).MarshalText()
			return err == nil && c.Text(string(text))
		}
	}
}

// applyOne is apply for what most fields have to keep to, nil for anything else: it
// does without the calls that the other rules need.
func (n *node) applyOne(c *rule.Check) check {
	bounds := c.OnlyBounds()
	least, most, isLength := c.OnlyLength()
	switch {
	case n.kind == fields.KindInt64 && bounds != nil:
		return func(p unsafe.Pointer) bool { return bounds.Int(*(*int64)(p)) }
	case n.kind == fields.KindFloat64 && bounds != nil:
		return func(p unsafe.Pointer) bool { return bounds.Float(*(*float64)(p), 64) }
	case n.kind == fields.KindString && isLength:
		return func(p unsafe.Pointer) bool {
			s := *(*string)(p)
			if n := len(s); n <= most && (n+3)/4 >= least { // whatever characters are in it
				return true
			}
			return c.Text(s)
		}
	default:
		return nil
	}
}

func loadInt(k fields.Kind, p unsafe.Pointer) int64 {
	switch k {
	case fields.KindInt8:
		return int64(*(*int8)(p))
	case fields.KindInt16:
		return int64(*(*int16)(p))
	case fields.KindInt32:
		return int64(*(*int32)(p))
	default:
		return *(*int64)(p)
	}
}

func loadUint(k fields.Kind, p unsafe.Pointer) uint64 {
	switch k {
	case fields.KindUint8:
		return uint64(*(*uint8)(p))
	case fields.KindUint16:
		return uint64(*(*uint16)(p))
	case fields.KindUint32:
		return uint64(*(*uint32)(p))
	default:
		return *(*uint64)(p)
	}
}
