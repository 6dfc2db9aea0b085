package rule

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"unicode/utf8"
)

// Check is [Rules] made ready to be applied. It is safe for concurrent use.
//
// It has a method for each kind of value. These methods do not ask whether every
// rule is for that kind: [Parse] refuses a tag where one is not. [Check.Value], which
// takes a value of any kind, does ask.
type Check struct {
	kinds   kinds // of values that all rules are for
	bounds  *Bounds
	length  *length
	pattern *regexp.Regexp
	format  func(string) bool
	enum    *enum
}

// length is the least and the greatest length that is allowed.
type length struct{ least, most int }

// kinds is a set of kinds of values.
type kinds uint8

const (
	numbers kinds = 1 << iota
	text
	lists
	objects
	others // null, booleans, times
	all    = numbers | text | lists | objects | others
)

// Compile makes the check of the limits, Pattern, Format and Enum. The error says
// which of them can't work; what [Parse] returned always can.
func (r *Rules) Compile() (*Check, error) {
	c := &Check{kinds: all}
	if err := c.compileBounds(r); err != nil {
		return nil, err
	}
	for _, least := range []*int{r.MinLength, r.MinItems} {
		if least != nil {
			c.lengths().least = max(c.lengths().least, *least)
		}
	}
	for _, most := range []*int{r.MaxLength, r.MaxItems} {
		if most != nil {
			c.lengths().most = min(c.lengths().most, *most)
		}
	}
	if r.Pattern != nil {
		re, err := regexp.Compile(*r.Pattern)
		if err != nil {
			return nil, err
		}
		c.pattern = re
		c.kinds &= text
	}
	if r.Format != "" && r.Format != formatDuration { // the decoder sees to that
		is, ok := Format(r.Format)
		if !ok {
			return nil, errFormat()
		}
		c.format = is
		c.kinds &= text
	}
	if r.Enum != nil {
		c.enum = newEnum(r.Enum)
	}
	return c, nil
}

func (c *Check) compileBounds(r *Rules) error {
	for _, limit := range []struct {
		number json.Number
		add    func(b *Bounds, v Decimal) error
	}{
		{r.Minimum, func(b *Bounds, v Decimal) error { b.AddMin(v, false); return nil }},
		{r.ExclusiveMinimum, func(b *Bounds, v Decimal) error { b.AddMin(v, true); return nil }},
		{r.Maximum, func(b *Bounds, v Decimal) error { b.AddMax(v, false); return nil }},
		{r.ExclusiveMaximum, func(b *Bounds, v Decimal) error { b.AddMax(v, true); return nil }},
		{r.MultipleOf, (*Bounds).AddMultipleOf},
	} {
		if limit.number == "" {
			continue
		}
		v, ok := ParseDecimal(string(limit.number))
		if !ok {
			return errNumber
		}
		if c.bounds == nil {
			c.bounds = new(Bounds)
			c.kinds &= numbers
		}
		if err := limit.add(c.bounds, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *Check) lengths() *length {
	if c.length == nil {
		c.length = &length{0, math.MaxInt}
		c.kinds &= text | lists | objects
	}
	return c.length
}

// Empty reports whether there is nothing to check.
func (c *Check) Empty() bool {
	return c.bounds == nil && c.length == nil && c.pattern == nil && c.format == nil && c.enum == nil
}

// OnlyBounds returns the bounds of numbers if there is nothing else to check, else nil.
func (c *Check) OnlyBounds() *Bounds {
	if c.enum != nil {
		return nil
	}
	return c.bounds
}

// OnlyLength returns the least and the greatest length, and whether there is nothing
// else to check.
func (c *Check) OnlyLength() (least, most int, ok bool) {
	if c.length == nil || c.bounds != nil || c.pattern != nil || c.format != nil || c.enum != nil {
		return 0, 0, false
	}
	return c.length.least, c.length.most, true
}

// Int reports whether an integer keeps to the rules.
func (c *Check) Int(v int64) bool {
	return (c.bounds == nil || c.bounds.Int(v)) && (c.enum == nil || c.enum.int(v))
}

// Uint reports whether an unsigned integer keeps to the rules.
func (c *Check) Uint(v uint64) bool {
	return (c.bounds == nil || c.bounds.Uint(v)) && (c.enum == nil || c.enum.uint(v))
}

// Float reports whether a float of 32 or 64 bits keeps to the rules.
func (c *Check) Float(v float64, bits int) bool {
	return (c.bounds == nil || c.bounds.Float(v, bits)) && (c.enum == nil || c.enum.float(v, bits))
}

// Decimal reports whether a number keeps to the rules.
func (c *Check) Decimal(v Decimal) bool {
	return (c.bounds == nil || c.bounds.Decimal(v)) && (c.enum == nil || c.enum.decimal(v))
}

// Bool reports whether a boolean keeps to the rules.
func (c *Check) Bool(v bool) bool {
	return c.enum == nil || c.enum.bool(v)
}

// Text reports whether a text keeps to the rules.
func (c *Check) Text(s string) bool {
	return (c.length == nil || c.length.text(s)) &&
		(c.format == nil || c.format(s)) &&
		(c.pattern == nil || c.pattern.MatchString(s)) &&
		(c.enum == nil || c.enum.text(s))
}

// Len reports whether a list of n elements, an object of n members or n bytes of
// base64 keep to the rules about lengths.
func (c *Check) Len(n int) bool {
	return c.length == nil || n >= c.length.least && n <= c.length.most
}

// text reports whether the length of a text in code points is allowed. A code point
// has one to four bytes, so that they need not be counted most of the time.
func (l *length) text(s string) bool {
	most := len(s)
	least := (most + 3) / 4
	switch {
	case most < l.least || least > l.most:
		return false
	case least >= l.least && most <= l.most:
		return true
	}
	n := utf8.RuneCountInString(s)
	return n >= l.least && n <= l.most
}

// Value reports whether a value keeps to the rules. v stands for a JSON value as
// [Equal] says; the zero Value is null. A value of a kind that a rule is not for (a
// minimum, and v is text) does not.
func (c *Check) Value(v reflect.Value) bool {
	v = Indirect(v)
	if c.kinds&kindsOf(v) == 0 {
		return false
	}
	switch {
	case !v.IsValid():
		return c.enum == nil || c.enum.null
	case v.Type() == numberType:
		d, ok := ParseDecimal(v.String())
		return ok && c.Decimal(d)
	case v.CanInt():
		return c.Int(v.Int())
	case v.CanUint():
		return c.Uint(v.Uint())
	case v.CanFloat():
		f := v.Float()
		return !math.IsInf(f, 0) && !math.IsNaN(f) && c.Float(f, v.Type().Bits())
	case v.Kind() == reflect.Bool:
		return c.Bool(v.Bool())
	case v.Kind() == reflect.String:
		return c.Text(v.String())
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array || v.Kind() == reflect.Map:
		return c.Len(v.Len()) && (c.enum == nil || c.enum.other(v))
	default:
		return c.enum == nil || c.enum.other(v)
	}
}

// kindsOf returns the kind of a value, as a set of one.
func kindsOf(v reflect.Value) kinds {
	switch {
	case !v.IsValid():
		return others
	case v.Type() == numberType || v.CanInt() || v.CanUint() || v.CanFloat():
		return numbers
	}
	switch v.Kind() {
	case reflect.String:
		return text
	case reflect.Slice, reflect.Array:
		return lists
	case reflect.Map:
		return objects
	default:
		return others
	}
}
