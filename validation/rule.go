package validation

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/apiphant/apiphant/internal/rule"
)

// Rule is what a field is put to. The functions of this package make them; a Rule
// never changes, so one may be kept in a variable and used by many calls at once.
type Rule struct {
	name  string // as it is called, for messages
	wrong error  // why it can't work
	set   func(*settings)
	test  func(v reflect.Value) bool // v is no pointer; the zero Value is null
	check func(value any) error
}

// Required makes an absent field missing. false, 0, "" and null are present. It wins
// over [Default].
func Required() Rule {
	return Rule{name: "Required()", set: func(s *settings) { s.required = true }}
}

// Default is what an absent field is. v must be what T could be in a request:
// anything else is an error of the program. The other rules are for what callers
// send and not for v.
func Default(v any) Rule {
	return Rule{name: "Default", set: func(s *settings) { s.hasDefault, s.fallback = true, v }}
}

// Explain goes out as "explain" with the errors of the field. v is any JSON value,
// also null; of several Explains the last counts, and a list says several things.
func Explain(v any) Rule {
	explain := []any{v}
	return Rule{name: "Explain", set: func(s *settings) { s.explain = explain }}
}

// Value allows only v. Numbers are equal as numbers, 1 and 1.0 are; lists and
// objects where all that is in them is.
func Value(v any) Rule {
	return Rule{name: "Value", test: func(got reflect.Value) bool { return equal(got, reflect.ValueOf(v)) }}
}

// OneOf allows only the values v, which are compared as those of [Value].
func OneOf(v ...any) Rule {
	return Rule{name: "OneOf", test: func(got reflect.Value) bool {
		for _, allowed := range v {
			if equal(got, reflect.ValueOf(allowed)) {
				return true
			}
		}
		return false
	}}
}

// Length allows text of n characters (code points), a list of n elements, an object
// of n members. Anything that has no length is invalid.
func Length(n int) Rule {
	return lengths("Length", n, func(length int) bool { return length == n })
}

// MinLength allows what is n long or longer, as [Length] counts.
func MinLength(n int) Rule {
	return lengths("MinLength", n, func(length int) bool { return length >= n })
}

// MaxLength allows what is n long or shorter, as [Length] counts.
func MaxLength(n int) Rule {
	return lengths("MaxLength", n, func(length int) bool { return length <= n })
}

func lengths(name string, n int, allowed func(length int) bool) Rule {
	r := Rule{name: fmt.Sprintf("%s(%d)", name, n)}
	if n < 0 {
		r.wrong = errors.New("no length is below 0")
		return r
	}
	r.test = func(v reflect.Value) bool {
		switch {
		case v.Kind() == reflect.String && v.Type() != numberType:
			return allowed(utf8.RuneCountInString(v.String()))
		case v.Kind() == reflect.Slice || v.Kind() == reflect.Map || v.Kind() == reflect.Array:
			return allowed(v.Len())
		default:
			return false
		}
	}
	return r
}

// Min allows numbers from v on, compared exactly. v is a Go number or a json.Number.
// Anything that is no number is invalid.
func Min(v any) Rule {
	return limit("Min", v, func(b *rule.Bounds, d rule.Decimal) { b.AddMin(d, false) })
}

// Max allows numbers up to v, as [Min] compares.
func Max(v any) Rule {
	return limit("Max", v, func(b *rule.Bounds, d rule.Decimal) { b.AddMax(d, false) })
}

func limit(name string, v any, add func(*rule.Bounds, rule.Decimal)) Rule {
	r := Rule{name: fmt.Sprintf("%s(%v)", name, v)}
	d, ok := number(indirect(reflect.ValueOf(v)))
	if !ok {
		r.wrong = fmt.Errorf("a number was expected, not a %T", v)
		return r
	}
	var b rule.Bounds
	add(&b, d)
	r.test = func(v reflect.Value) bool {
		d, ok := number(v)
		return ok && b.Decimal(d)
	}
	return r
}

// Pattern allows text in which the regular expression is found, in the syntax of
// package regexp; ^ and $ tie it to the ends. It is compiled by this call: a rule
// that many requests are put to is best kept in a variable.
func Pattern(re2 string) Rule {
	r := Rule{name: fmt.Sprintf("Pattern(%q)", re2)}
	re, err := regexp.Compile(re2)
	if err != nil {
		r.wrong = err
		return r
	}
	r.test = text(re.MatchString)
	return r
}

// Format allows text of a format of JSON Schema: date, date-time, email, hostname,
// ipv4, ipv6, uri, uuid.
func Format(name string) Rule {
	r := Rule{name: fmt.Sprintf("Format(%q)", name)}
	is, ok := rule.Format(name)
	if !ok {
		r.wrong = fmt.Errorf("one of %s was expected", rule.Formats())
		return r
	}
	r.test = text(is)
	return r
}

// text is a test of text, which fails for anything else.
func text(is func(string) bool) func(reflect.Value) bool {
	return func(v reflect.Value) bool {
		return v.Kind() == reflect.String && v.Type() != numberType && is(v.String())
	}
}

// Check allows what f returns no error for. It gets the value as Field's T, once all
// other rules have passed. An [*apiphant.Error] of f, also wrapped, goes out as it
// is; with any other error the field is invalid, and the error is for the log alone.
func Check(f func(value any) error) Rule {
	r := Rule{name: "Check", check: f}
	if f == nil {
		r.wrong = errors.New("a function was expected, not nil")
	}
	return r
}

// equal compares as JSON does: by values, whatever their Go types.
func equal(a, b reflect.Value) bool {
	a, b = indirect(a), indirect(b)
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x.Compare(y) == 0
	}
	if a.Type() == timeType || b.Type() == timeType {
		return equalTimes(a, b)
	}
	switch {
	case a.Type() == numberType || b.Type() == numberType:
		return false
	case a.Kind() == reflect.String:
		return b.Kind() == reflect.String && a.String() == b.String()
	case a.Kind() == reflect.Bool:
		return b.Kind() == reflect.Bool && a.Bool() == b.Bool()
	case a.Kind() == reflect.Slice || a.Kind() == reflect.Array:
		return equalLists(a, b)
	case a.Kind() == reflect.Map:
		return equalObjects(a, b)
	default:
		return false
	}
}

// equalTimes compares times, either of which may be RFC 3339 text.
func equalTimes(a, b reflect.Value) bool {
	x, y := reflect.New(timeType).Elem(), reflect.New(timeType).Elem()
	return setTime(a, x) && setTime(b, y) &&
		x.Interface().(time.Time).Equal(y.Interface().(time.Time))
}

func equalLists(a, b reflect.Value) bool {
	if b.Kind() != reflect.Slice && b.Kind() != reflect.Array || a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if !equal(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

func equalObjects(a, b reflect.Value) bool {
	x, ok := asObject(a.Interface())
	y, ok2 := asObject(b.Interface())
	if !ok || !ok2 || len(x) != len(y) {
		return false
	}
	for key, value := range x {
		other, ok := y[key]
		if !ok || !equal(reflect.ValueOf(value), reflect.ValueOf(other)) {
			return false
		}
	}
	return true
}
