package validation

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/apiphant/apiphant/internal/rule"
)

// Rule is something that a field has to keep to, or that is said about it. The
// functions of this package make Rules. A Rule never changes, so that one may be kept
// in a variable and used by many calls at once.
type Rule struct {
	name  string // the call that made it, for messages
	wrong error  // why it can't work
	set   func(*settings)
	check *rule.Check
	own   func(value any) error // the product's own check
}

// rules returns a Rule for the same data that a tag of a typed request is parsed to.
// A call is formatted only for its error: rules are often made anew for each request.
func rules(r rule.Rules, call string, argument any) Rule {
	check, err := r.Compile()
	if err != nil {
		return wrong(err, call, argument)
	}
	return Rule{check: check}
}

func wrong(err error, call string, argument any) Rule {
	return Rule{name: fmt.Sprintf(call, argument), wrong: err}
}

// Required makes an absent field missing. false, 0, "" and null are present. Required
// wins over [Default].
func Required() Rule {
	return Rule{set: func(s *settings) { s.required = true }}
}

// Default sets the value of an absent field. v must be a value that T could have in a
// request: anything else is an error of the program. v is not checked by the other
// rules, which are for what callers send.
func Default(v any) Rule {
	return Rule{set: func(s *settings) { s.hasDefault, s.fallback = true, v }}
}

// Explain adds v to the errors of the field, as "explain". v is any JSON value, null
// included. The last of several Explains counts; to say several things, give a list.
func Explain(v any) Rule {
	explain := []any{v}
	return Rule{set: func(s *settings) { s.explain = explain }}
}

// Value allows only v. Numbers are compared by their value, whatever their types: 1
// and 1.0 are equal. Lists are equal if they have equal elements in the same order,
// objects if they have the same keys with equal values. Times are equal if they are
// the same instant; one of the two may be RFC 3339 text.
func Value(v any) Rule {
	return rules(rule.Rules{Enum: []any{v}}, "Value(%v)", v)
}

// OneOf allows only the values v, compared as [Value] compares.
func OneOf(v ...any) Rule {
	return rules(rule.Rules{Enum: append(make([]any, 0, len(v)), v...)}, "OneOf(%v)", v)
}

// Length allows text of n characters (code points), a list of n elements and an
// object of n members. A value that has no length is invalid.
func Length(n int) Rule { return lengths(n, &n, &n, "Length(%d)") }

// MinLength allows a length of n or more, counted as [Length] counts.
func MinLength(n int) Rule { return lengths(n, &n, nil, "MinLength(%d)") }

// MaxLength allows a length of n or less, counted as [Length] counts.
func MaxLength(n int) Rule { return lengths(n, nil, &n, "MaxLength(%d)") }

func lengths(n int, least, most *int, call string) Rule {
	if n < 0 {
		return wrong(errors.New("no length is below 0"), call, n)
	}
	return rules(rule.Rules{MinLength: least, MaxLength: most}, call, n)
}

// Min allows numbers of v or more. v is a Go number or a json.Number. Numbers are
// compared exactly, except that a float T is compared with v as a float of its type.
// A value that is no number is invalid.
func Min(v any) Rule {
	return limit(v, "Min(%v)", func(r *rule.Rules, text json.Number) { r.Minimum = text })
}

// Max allows numbers of v or less, compared as [Min] compares.
func Max(v any) Rule {
	return limit(v, "Max(%v)", func(r *rule.Rules, text json.Number) { r.Maximum = text })
}

func limit(v any, call string, set func(r *rule.Rules, text json.Number)) Rule {
	text, ok := rule.NumberText(rule.Indirect(reflect.ValueOf(v)))
	if !ok {
		return wrong(fmt.Errorf("a number was expected, not a %T", v), call, v)
	}
	var r rule.Rules
	set(&r, json.Number(text))
	return rules(r, call, v)
}

// Pattern allows text in which the regular expression is found. Its syntax is that of
// package regexp; ^ and $ tie it to the ends of the text. Pattern compiles it: keep
// the Rule in a variable if many requests use it.
func Pattern(re2 string) Rule {
	return rules(rule.Rules{Pattern: &re2}, "Pattern(%q)", re2)
}

// Format allows text of a format of JSON Schema: date, date-time, email, hostname,
// ipv4, ipv6, uri, uuid.
func Format(name string) Rule {
	if _, ok := rule.Format(name); !ok { // "" is none
		return wrong(fmt.Errorf("one of %s was expected", rule.Formats()), "Format(%q)", name)
	}
	return rules(rule.Rules{Format: name}, "Format(%q)", name)
}

// Check allows values for which f returns nil. f gets the value as Field's T, after
// all other rules have passed. If f returns an [*apiphant.Error], also a wrapped one,
// that is the answer. Any other error makes the field invalid and goes to the log
// alone.
func Check(f func(value any) error) Rule {
	if f == nil {
		return Rule{name: "Check", wrong: errors.New("a function was expected, not nil")}
	}
	return Rule{own: f}
}
