package rule

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Parse reads the rules of a field from its struct tag. of is what the rules are for:
// the field's schema, behind its pointers. Keys of other libraries are left alone.
//
// The error names the tag and says what can't work: a key that looks like a misspelt
// rule, a value that is none for its rule, a rule that is for another kind of value,
// limits that leave no value.
func Parse(tag reflect.StructTag, of *Schema) (Rules, error) {
	keys, ok := tagKeys(string(tag))
	if !ok {
		return Rules{}, fmt.Errorf("malformed tags %s: key:\"value\" pairs with a space between them were expected", tag)
	}
	p := parser{of: of}
	for _, key := range keys {
		value := tag.Get(key)
		word, known := words[key]
		if !known {
			if err := unknownKey(key); err != nil {
				return Rules{}, err
			}
		} else if err := word.parse(&p, value); err != nil {
			return Rules{}, fmt.Errorf("tag %s:%q: %w", key, value, err)
		}
	}
	if !p.rules.leaveAny(of) {
		return Rules{}, fmt.Errorf("no %s keeps to %s", of.Type, limits(keys, tag))
	}
	return p.rules, nil
}

// Restricting returns the first key of a tag that says something about requests,
// or "" where there is none: doc, example and deprecated are for people, other keys
// for other libraries. The error is as that of [Parse] about misspelt keys.
func Restricting(tag reflect.StructTag) (key string, err error) {
	keys, _ := tagKeys(string(tag))
	for _, key := range keys {
		word, known := words[key]
		if !known {
			if err := unknownKey(key); err != nil {
				return "", err
			}
		} else if !word.forPeople {
			return key, nil
		}
	}
	return "", nil
}

// word is a key of a tag that is ours.
type word struct {
	parse     func(p *parser, value string) error
	forPeople bool // it says nothing about which requests are right
}

var words = map[string]word{
	"required":         {parse: (*parser).required},
	"default":          {parse: (*parser).fallback},
	"minimum":          {parse: func(p *parser, value string) error { return p.number(value, &p.rules.Minimum) }},
	"exclusiveMinimum": {parse: func(p *parser, value string) error { return p.number(value, &p.rules.ExclusiveMinimum) }},
	"maximum":          {parse: func(p *parser, value string) error { return p.number(value, &p.rules.Maximum) }},
	"exclusiveMaximum": {parse: func(p *parser, value string) error { return p.number(value, &p.rules.ExclusiveMaximum) }},
	"multipleOf":       {parse: (*parser).multipleOf},
	"minLength":        {parse: func(p *parser, value string) error { return p.length(value, &p.rules.MinLength) }},
	"maxLength":        {parse: func(p *parser, value string) error { return p.length(value, &p.rules.MaxLength) }},
	"minItems":         {parse: func(p *parser, value string) error { return p.items(value, &p.rules.MinItems) }},
	"maxItems":         {parse: func(p *parser, value string) error { return p.items(value, &p.rules.MaxItems) }},
	"uniqueItems":      {parse: (*parser).uniqueItems},
	"pattern":          {parse: (*parser).pattern},
	"format":           {parse: (*parser).format},
	"enum":             {parse: (*parser).enum},
	"doc":              {parse: (*parser).doc, forPeople: true},
	"example":          {parse: (*parser).example, forPeople: true},
	"deprecated":       {parse: (*parser).deprecated, forPeople: true},
}

// unsupported are words of JSON Schema that someone may count on and that we don't
// have.
var unsupported = map[string]bool{
	"minProperties": true, "maxProperties": true, "const": true, "contains": true,
	"dependentRequired": true, "propertyNames": true, "patternProperties": true,
}

// unknownKey refuses a key that only looks like one of ours: it would be ignored in
// silence, and with it what the field was meant to keep to.
func unknownKey(key string) error {
	if unsupported[key] {
		return fmt.Errorf("tag %s: there is no such rule; a method Validate() error can check it", key)
	}
	if word := meant(key); word != "" {
		return fmt.Errorf("tag %s: there is no such rule; did you mean %s?", key, word)
	}
	return nil
}

// tagKeys returns the keys of a struct tag, and whether the tag is well formed.
func tagKeys(tag string) (keys []string, ok bool) {
	for tag = strings.TrimLeft(tag, " "); tag != ""; tag = strings.TrimLeft(tag, " ") {
		key, rest, _ := strings.Cut(tag, ":")
		if key == "" || strings.ContainsAny(key, " \"") || !strings.HasPrefix(rest, `"`) {
			return nil, false
		}
		value, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, false
		}
		keys = append(keys, key)
		tag = rest[len(value):]
	}
	return keys, true
}

// leaveAny reports whether the limits leave any value of a type.
func (r *Rules) leaveAny(of *Schema) bool {
	c, err := r.Compile()
	if err != nil || c.length != nil && c.length.least > c.length.most {
		return false
	}
	if c.bounds == nil {
		return true
	}
	if of.Kind != Integer {
		return c.bounds.LeaveDecimal()
	}
	zero, bits := reflect.Zero(of.Type), of.Type.Bits()
	if zero.CanInt() {
		most := int64(1)<<(bits-1) - 1
		c.bounds.AddMin(FromInt(-most-1), false)
		c.bounds.AddMax(FromInt(most), false)
		return c.bounds.LeaveInt()
	}
	c.bounds.AddMax(FromUint(1<<bits-1), false)
	return c.bounds.LeaveUint()
}

// limits returns the tags that limit numbers or lengths, for messages.
func limits(keys []string, tag reflect.StructTag) string {
	var list []string
	for _, key := range keys {
		if lower := strings.ToLower(key); words[key].parse != nil && (strings.Contains(lower, "min") || strings.Contains(lower, "max")) {
			list = append(list, fmt.Sprintf("%s:%q", key, tag.Get(key)))
		}
	}
	return strings.Join(list, " ")
}
