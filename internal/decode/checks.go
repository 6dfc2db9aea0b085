package decode

import (
	"encoding"
	"reflect"
	"unsafe"

	"github.com/apiphant/apiphant/internal/rule"
)

// check reports whether the value at p keeps to the rules.
type check func(p unsafe.Pointer) bool

// checks are the rules of a field, for a value that was there and decoded.
type checks struct {
	pointers int // how many there are on the way to the value
	whole    check
	each     check // for the elements of a list
	elem     uintptr
	array    int // how many elements an array has; -1 for a slice
}

// checks compiles rules into checks of values of the node's type; nil: there is
// nothing to check.
func (n *node) checks(r *rule.Rules) (*checks, error) {
	whole, err := n.check(r)
	if err != nil {
		return nil, err
	}
	c := &checks{whole: whole}
	if r.Items != nil {
		if c.each, err = n.elem.check(r.Items); err != nil {
			return nil, err
		}
		c.elem, c.array = n.elem.size, -1
		if n.kind == kindArray {
			c.array = n.length
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
	for range c.pointers {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return
		}
	}
	if c.whole != nil && !c.whole(p) {
		d.invalid()
		return
	}
	if c.each == nil {
		return
	}
	n := c.array
	if n < 0 {
		s := (*sliceHeader)(p)
		p, n = s.data, s.len
	}
	for i := range n {
		if !c.each(unsafe.Add(p, uintptr(i)*c.elem)) {
			d.invalid()
			d.under(d.found-1, step{order: i, element: true})
		}
	}
}

// only returns the check of the whole value if that is all there is to do, else nil.
func (c *checks) only() check {
	if c == nil || c.pointers > 0 || c.each != nil {
		return nil
	}
	return c.whole
}

// check compiles rules into the check of a value in memory, or nil where there is
// none. The rules are for values of the node's type: [rule.Parse] saw to that.
func (n *node) check(r *rule.Rules) (check, error) {
	c, err := r.Compile()
	if err != nil {
		return nil, err
	}
	if r.UniqueItems {
		return func(p unsafe.Pointer) bool {
			s := (*sliceHeader)(p)
			return c.Len(s.len) && n.elem.areUnique(s)
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
	case kindInt64:
		return func(p unsafe.Pointer) bool { return c.Int(*(*int64)(p)) }
	case kindInt8, kindInt16, kindInt32:
		return func(p unsafe.Pointer) bool { return c.Int(loadInt(k, p)) }
	case kindUint8, kindUint16, kindUint32, kindUint64:
		return func(p unsafe.Pointer) bool { return c.Uint(loadUint(k, p)) }
	case kindFloat32:
		return func(p unsafe.Pointer) bool { return c.Float(float64(*(*float32)(p)), 32) }
	case kindFloat64:
		return func(p unsafe.Pointer) bool { return c.Float(*(*float64)(p), 64) }
	case kindNumber:
		return func(p unsafe.Pointer) bool {
			v, ok := rule.ParseDecimal(*(*string)(p))
			return ok && c.Decimal(v)
		}
	case kindBool:
		return func(p unsafe.Pointer) bool { return c.Bool(*(*bool)(p)) }
	case kindString:
		return func(p unsafe.Pointer) bool { return c.Text(*(*string)(p)) }
	case kindSlice, kindBytes:
		return func(p unsafe.Pointer) bool { return c.Len((*sliceHeader)(p).len) }
	case kindMap, kindAnyMap:
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
	case n.kind == kindInt64 && bounds != nil:
		return func(p unsafe.Pointer) bool { return bounds.Int(*(*int64)(p)) }
	case n.kind == kindFloat64 && bounds != nil:
		return func(p unsafe.Pointer) bool { return bounds.Float(*(*float64)(p), 64) }
	case n.kind == kindString && isLength:
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

func loadInt(k kind, p unsafe.Pointer) int64 {
	switch k {
	case kindInt8:
		return int64(*(*int8)(p))
	case kindInt16:
		return int64(*(*int16)(p))
	case kindInt32:
		return int64(*(*int32)(p))
	default:
		return *(*int64)(p)
	}
}

func loadUint(k kind, p unsafe.Pointer) uint64 {
	switch k {
	case kindUint8:
		return uint64(*(*uint8)(p))
	case kindUint16:
		return uint64(*(*uint16)(p))
	case kindUint32:
		return uint64(*(*uint32)(p))
	default:
		return *(*uint64)(p)
	}
}
