package decode

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/apiphant/apiphant/internal/rule"
)

// check says whether the value at p keeps to a rule.
type check func(p unsafe.Pointer) bool

// checks are the rules of a field, put to a value that was there and decoded.
type checks struct {
	pointers int // how many there are on the way to the value
	whole    []check
	each     check // for the elements of a list
	elem     uintptr
	array    int // how many elements an array has; -1 for a slice
}

// run adds a problem for the first rule that the value at p breaks.
func (c *checks) run(d *decoder, p unsafe.Pointer) {
	for range c.pointers {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return
		}
	}
	for _, ok := range c.whole {
		if !ok(p) {
			d.invalid()
			return
		}
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

// only is the check of a field that has no other and no pointers on the way.
func (c *checks) only() check {
	if c == nil || c.pointers > 0 || c.each != nil || len(c.whole) != 1 {
		return nil
	}
	return c.whole[0]
}

func (t *tagged) wrongType(expected string) error {
	return fmt.Errorf("a rule for %s, and this is a %s", expected, t.target.typ)
}

func (t *tagged) required(value string) error {
	return boolean(value, &t.field.required)
}

func boolean(value string, to *bool) error {
	if value != "true" && value != "false" {
		return errors.New("true or false was expected")
	}
	*to = value == "true"
	return nil
}

func (t *tagged) minimum(value string) error          { return t.limit(value, false, false) }
func (t *tagged) exclusiveMinimum(value string) error { return t.limit(value, false, true) }
func (t *tagged) maximum(value string) error          { return t.limit(value, true, false) }
func (t *tagged) exclusiveMaximum(value string) error { return t.limit(value, true, true) }

func (t *tagged) limit(value string, upper, exclusive bool) error {
	v, err := t.number(value)
	switch {
	case err != nil:
		return err
	case upper:
		t.bounds.AddMax(v, exclusive)
	default:
		t.bounds.AddMin(v, exclusive)
	}
	return nil
}

func (t *tagged) multipleOf(value string) error {
	v, err := t.number(value)
	if err != nil {
		return err
	}
	return t.bounds.AddMultipleOf(v)
}

// number reads the number of a rule about numbers, and makes the bounds of the
// field where it is the first.
func (t *tagged) number(value string) (rule.Decimal, error) {
	v, ok := rule.ParseDecimal(value)
	if !ok {
		return v, errors.New("a number was expected")
	}
	if t.bounds != nil {
		return v, nil
	}
	t.bounds = &rule.Bounds{}
	within := t.target.within(t.bounds)
	if within == nil {
		return v, t.wrongType("numbers")
	}
	t.checks.whole = append(t.checks.whole, within)
	switch k := t.target.kind; { // the type has limits too
	case k <= kindInt64:
		most := int64(maxInt[k-kindInt8])
		t.bounds.AddMin(rule.FromInt(-most-1), false)
		t.bounds.AddMax(rule.FromInt(most), false)
	case k <= kindUint64:
		t.bounds.AddMax(rule.FromUint(maxUint[k-kindUint8]), false)
	}
	return v, nil
}

// within is the check of bounds for a type of number, nil for any other type.
func (n *node) within(b *rule.Bounds) check {
	k := n.kind
	switch {
	case k <= kindInt64:
		return func(p unsafe.Pointer) bool { return b.Int(loadInt(k, p)) }
	case k <= kindUint64:
		return func(p unsafe.Pointer) bool { return b.Uint(loadUint(k, p)) }
	case k == kindFloat32:
		return func(p unsafe.Pointer) bool { return b.Float(float64(*(*float32)(p)), 32) }
	case k == kindFloat64:
		return func(p unsafe.Pointer) bool { return b.Float(*(*float64)(p), 64) }
	case k == kindNumber:
		return func(p unsafe.Pointer) bool {
			v, ok := rule.ParseDecimal(*(*string)(p))
			return ok && b.Decimal(v)
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

func (t *tagged) minLength(value string) error {
	return t.lengths(value, &t.least, func(length, n int) bool { return length >= n })
}

func (t *tagged) maxLength(value string) error {
	return t.lengths(value, &t.most, func(length, n int) bool { return length <= n })
}

func (t *tagged) minItems(value string) error {
	if t.target.kind != kindSlice {
		return t.wrongType("lists")
	}
	return t.minLength(value)
}

func (t *tagged) maxItems(value string) error {
	if t.target.kind != kindSlice {
		return t.wrongType("lists")
	}
	return t.maxLength(value)
}

// lengths checks lengths by ok. limit is the tightest limit so far, if there is one.
func (t *tagged) lengths(value string, limit **int, ok func(length, n int) bool) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return errors.New("a length was expected, 0 or more")
	}
	if *limit == nil || ok(n, **limit) {
		*limit = &n
	}
	typ := t.target.typ
	switch t.target.kind {
	case kindString:
		t.whole(func(p unsafe.Pointer) bool { return ok(runes(*(*string)(p), n), n) })
	case kindSlice, kindBytes:
		t.whole(func(p unsafe.Pointer) bool { return ok((*sliceHeader)(p).len, n) })
	case kindMap, kindAnyMap:
		t.whole(func(p unsafe.Pointer) bool { return ok(reflect.NewAt(typ, p).Elem().Len(), n) })
	default:
		return t.wrongType("text, lists and objects")
	}
	return nil
}

// runes is the length of a text in runes, or a number that compares with n as it does:
// a rune has one to four bytes, so that they need not be counted most of the time.
func runes(text string, n int) int {
	if len(text) < n || len(text)/4 > n {
		return len(text)
	}
	return utf8.RuneCountInString(text)
}

func (t *tagged) whole(c check) { t.checks.whole = append(t.checks.whole, c) }

func (t *tagged) pattern(value string) error {
	if t.target.kind != kindString {
		return t.wrongType("text")
	}
	re, err := regexp.Compile(value)
	if err != nil {
		return err
	}
	t.whole(func(p unsafe.Pointer) bool { return re.MatchString(*(*string)(p)) })
	return nil
}

// format checks text; of a type with UnmarshalText and MarshalText, what the latter
// says, so that a time.Time may be said to be a date-time.
func (t *tagged) format(value string) error {
	is, ok := rule.Format(value)
	if !ok {
		return fmt.Errorf("one of %s was expected", rule.Formats())
	}
	typ := t.target.typ
	switch {
	case t.target.kind == kindString:
		t.whole(func(p unsafe.Pointer) bool { return is(*(*string)(p)) })
	case t.target.kind >= kindUnmarshalText && reflect.PointerTo(typ).Implements(textMarshalerType):
		t.whole(func(p unsafe.Pointer) bool {
			text, err := reflect.NewAt(typ, p).Interface().(encoding.TextMarshaler).MarshalText()
			return err == nil && is(string(text))
		})
	default:
		return t.wrongType("text")
	}
	return nil
}

var textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()

// enum is a comma-separated list of values; of a list, its elements are checked.
func (t *tagged) enum(value string) error {
	list := strings.Split(value, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	elem := t.target
	if elem.kind == kindSlice || elem.kind == kindArray {
		elem = elem.elem
	}
	among, err := elem.among(list)
	if err != nil {
		return err
	}
	if among == nil {
		return t.wrongType("text, numbers, booleans and lists of these")
	}
	switch t.target.kind {
	case kindSlice:
		t.checks.each, t.checks.elem, t.checks.array = among, elem.size, -1
	case kindArray:
		t.checks.each, t.checks.elem, t.checks.array = among, elem.size, t.target.length
	default:
		t.whole(among)
	}
	return nil
}

// among is the check of an enum for a type, nil for a type that can't have one.
func (n *node) among(list []string) (check, error) {
	k := n.kind
	switch {
	case k == kindString:
		return func(p unsafe.Pointer) bool {
			for _, v := range list {
				if v == *(*string)(p) {
					return true
				}
			}
			return false
		}, nil
	case k <= kindFloat64 || k == kindBool || k == kindNumber:
	default:
		return nil, nil
	}
	values := make([]string, len(list))
	for i, text := range list {
		v := reflect.New(n.typ)
		d := decoder{data: []byte(text)}
		if len(text) == 0 || !d.fill(n, v.UnsafePointer(), d.peek()) || !d.atEnd() || d.found > 0 {
			return nil, fmt.Errorf("%q is no value of %s", text, n.typ)
		}
		values[i] = n.canonical(v.UnsafePointer())
	}
	return func(p unsafe.Pointer) bool {
		c := n.canonical(p)
		for _, v := range values {
			if v == c {
				return true
			}
		}
		return false
	}, nil
}

// canonical is a text that two equal scalars share, and no others.
func (n *node) canonical(p unsafe.Pointer) string {
	switch k := n.kind; {
	case k <= kindInt64:
		return strconv.FormatInt(loadInt(k, p), 10)
	case k <= kindUint64:
		return strconv.FormatUint(loadUint(k, p), 10)
	case k == kindFloat32:
		return strconv.FormatUint(uint64(math.Float32bits(*(*float32)(p)+0)), 16) // + 0: -0 is 0
	case k == kindFloat64:
		return strconv.FormatUint(math.Float64bits(*(*float64)(p)+0), 16)
	case k == kindBool:
		return strconv.FormatBool(*(*bool)(p))
	case k == kindNumber:
		v, _ := rule.ParseDecimal(*(*string)(p))
		return v.String()
	default:
		return *(*string)(p)
	}
}
