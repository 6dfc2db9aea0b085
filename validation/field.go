package validation

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/rule"
)

// Field returns the field of a name as a T, after checking it by the rules.
//
// T is any, bool, string, an integer or float type, [encoding/json.Number],
// [apiphant.Object], [time.Time] (RFC 3339), a slice of any of these, a pointer to
// any of these for a field that may be absent, or a type whose underlying type is one
// of these. An integer T accepts only integers in its range (1.0 is no integer), a
// float T only numbers in its range. Text is not converted to any other type, nor any
// other type to text. Only the text of a path, a query or a form (see
// [apiphant.API.Address]) is taken for the number or the boolean that it is, for a list
// of one, and, where it came more than once, for its last.
//
// An absent field is an error if it is [Required]. Otherwise it has its [Default] or
// the zero T. null counts as present: it is nil if T is a pointer or any, and invalid
// for every other T. The rules are not applied to a nil pointer.
//
// A name with dots leads into objects: "sub.x" is the field x of the object sub. It
// is absent if sub is absent, and invalid if sub is no object. If the request has a
// key with the dot in it, "sub.x", that is the field.
//
// The error is a 400 as [Missing] and [Invalid] return it; an element of a list is
// named "list[2]". If a rule can't work (a bad pattern, a default of another type, a
// T that is not listed above), the program is wrong: that is a plain error, which
// says what to do and is answered with 500. The order of the rules does not matter.
//
// The request may also be an Object that was made in Go, with numbers, slices and
// maps of any type. The result may share memory with the request.
func Field[T any](request apiphant.Object, name string, rules ...Rule) (T, error) {
	var result, zero T
	s, err := settle(rules)
	if err == nil {
		err = supported(reflect.TypeFor[T]())
	}
	if err != nil {
		return zero, misuse[T](name, err)
	}
	value, found, ok := lookup(request, name)
	switch {
	case !ok:
		return zero, Invalid(name, s.explain...)
	case !found && s.required:
		return zero, Missing(name, s.explain...)
	case !found && !s.hasDefault:
		return zero, nil
	case !found:
		if _, ok := convert(s.fallback, reflect.ValueOf(&result).Elem()); !ok {
			return zero, misuse[T](name, fmt.Errorf("Default(%#v) is no %s", s.fallback, reflect.TypeFor[T]()))
		}
		return result, nil
	}
	if !convertFast(value, &result) {
		if path, ok := convert(fromParameter(value, reflect.TypeFor[T]()), reflect.ValueOf(&result).Elem()); !ok {
			return zero, Invalid(name+path, s.explain...)
		}
	}
	if err := s.check(name, reflect.ValueOf(&result).Elem(), rules); err != nil {
		return zero, err
	}
	return result, nil
}

func misuse[T any](name string, err error) error {
	return fmt.Errorf("validation.Field[%s](…, %q): %w", reflect.TypeFor[T](), name, err)
}

// settings are what the rules of a field say about its absence and its errors.
type settings struct {
	required   bool
	hasDefault bool
	fallback   any
	explain    []any // one, or none
}

func settle(rules []Rule) (s settings, err error) {
	for _, r := range rules {
		switch {
		case r.wrong != nil:
			return s, fmt.Errorf("rule %s: %w", r.name, r.wrong)
		case r.set != nil:
			r.set(&s)
		case r.check == nil && r.own == nil:
			return s, errors.New("a Rule that none of the functions of this package made")
		}
	}
	return s, nil
}

// check applies the rules to a value. The product's own checks come last, so that
// they can rely on the others.
func (s *settings) check(name string, v reflect.Value, rules []Rule) error {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	for _, r := range rules {
		if r.check != nil && !r.check.Value(v) {
			return Invalid(name, s.explain...)
		}
	}
	for _, r := range rules {
		if r.own == nil {
			continue
		}
		if err := r.own(v.Interface()); err != nil {
			var e *apiphant.Error
			if errors.As(err, &e) {
				return err
			}
			return withCause(name, stateInvalid, s.explain, err)
		}
	}
	return nil
}

// lookup returns the value of a name, and whether it was found. ok is false if the
// name leads into a value that is no object.
func lookup(object map[string]any, name string) (value any, found, ok bool) {
	for {
		if value, found = object[name]; found {
			return value, true, true
		}
		parent, rest, found := longestKey(object, name)
		if !found {
			return nil, false, true
		}
		if object, ok = parent.(map[string]any); !ok {
			if object, ok = rule.Object(reflect.ValueOf(parent)); !ok {
				return nil, false, false
			}
		}
		name = rest
	}
}

// longestKey returns the value of the longest key that is a prefix of name and is
// followed by a dot, and the rest of name after the dot.
func longestKey(object map[string]any, name string) (value any, rest string, found bool) {
	for dot := strings.LastIndexByte(name, '.'); dot >= 0; dot = strings.LastIndexByte(name[:dot], '.') {
		if value, found = object[name[:dot]]; found {
			return value, name[dot+1:], true
		}
	}
	return nil, "", false
}
