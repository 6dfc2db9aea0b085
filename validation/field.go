package validation

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/apiphant/apiphant"
)

// Field returns the field of a name as a T, once it has passed the rules.
//
// T is any, bool, string, an integer or float type, [encoding/json.Number],
// [apiphant.Object], [time.Time] (RFC 3339), a slice of any of these, a pointer to
// any of these for "may be absent", or a type made of one of them. An integer T
// takes only integers that fit (1.0 is none), a float T what is in its range. Text
// is never taken for anything else, nor anything else for text.
//
// A field that is absent is missing if [Required], else its [Default], else the
// zero T. null is present: it is nil for a pointer and for any, and invalid for any
// other T. A nil pointer is put to no rule.
//
// A name with dots goes into objects: "sub.x" is x of the object sub, which is
// absent where sub is, and invalid where sub is no object. A key that has the dot
// in itself comes first.
//
// The error is a 400 as of [Missing] and [Invalid]; for an element of a list its
// name is "list[2]". A rule that can't work (a bad pattern, a default of another
// type, a T not listed above) is an error of the program: a plain error that says
// what to mend, and goes out as 500. The order of the rules does not matter.
//
// The request may also be an Object that was written in Go, with numbers, slices
// and maps of any type in it. What is returned may share memory with it.
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
		if path, ok := convert(value, reflect.ValueOf(&result).Elem()); !ok {
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

// settings are what the rules of a field come to.
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
		case r.test == nil && r.check == nil:
			return s, errors.New("a Rule that none of the functions of this package made")
		}
	}
	return s, nil
}

// check puts a value to the rules; the product's own come last, so that they can
// rely on the others.
func (s *settings) check(name string, v reflect.Value, rules []Rule) error {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	plain := indirect(v)
	for _, r := range rules {
		if r.test != nil && !r.test(plain) {
			return Invalid(name, s.explain...)
		}
	}
	for _, r := range rules {
		if r.check == nil {
			continue
		}
		if err := r.check(v.Interface()); err != nil {
			var e *apiphant.Error
			if errors.As(err, &e) {
				return err
			}
			return withCause(name, stateInvalid, s.explain, err)
		}
	}
	return nil
}

// lookup finds the value of a name. ok is false where the way to it leads through
// something that is no object.
func lookup(object map[string]any, name string) (value any, found, ok bool) {
	for {
		if value, found = object[name]; found {
			return value, true, true
		}
		parent, rest, found := longestKey(object, name)
		if !found {
			return nil, false, true
		}
		if object, ok = asObject(parent); !ok {
			return nil, false, false
		}
		name = rest
	}
}

// longestKey finds the value of the longest key that name begins with, up to a dot.
func longestKey(object map[string]any, name string) (value any, rest string, found bool) {
	for dot := strings.LastIndexByte(name, '.'); dot >= 0; dot = strings.LastIndexByte(name[:dot], '.') {
		if value, found = object[name[:dot]]; found {
			return value, name[dot+1:], true
		}
	}
	return nil, "", false
}
