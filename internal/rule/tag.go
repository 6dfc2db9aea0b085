package rule

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Parse reads the rules of a field from its struct tag. of is what the rules are for:
// the schema of the field, without its pointers. Keys of other libraries are left alone.
//
// The error names the tag and says what can't work: a key that looks like a misspelt
// rule, a value that is none for its rule, a rule that is for another kind of value,
// limits that leave no value.
func Parse(tag reflect.StructTag, of *Schema) (Rules, error) {
	keys, ok := tagKeys(string(tag))
	if !ok {
		return Rules{}, fmt.Errorf("malformed tags %s: key:\"value\" pairs with a space between them were expected", tag)
	}
	p := parser{of: of, shown: of}
	for _, key := range keys {
		value := tag.Get(key)
		if _, known := words[key]; !known {
			if err := unknownKey(key); err != nil {
				return Rules{}, err
			}
		} else if err := p.parse(key, value); err != nil {
			return Rules{}, fmt.Errorf("tag %s:%q: %w", key, value, err)
		}
	}
	if err := p.finish(); err != nil {
		return Rules{}, err
	}
	if !p.leaveAny() {
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
	scalar    bool // of a list or a map of scalars, it is a rule for these
	ofFields  bool // it is for a field only, and not for elements
	forPeople bool // it says nothing about which requests are right
}

// words are the keys of tags that are ours.
var words = map[string]word{
	"required":         {parse: (*parser).required, ofFields: true},
	"default":          {parse: (*parser).fallback, ofFields: true},
	"minimum":          numeric(func(r *Rules) *json.Number { return &r.Minimum }),
	"exclusiveMinimum": numeric(func(r *Rules) *json.Number { return &r.ExclusiveMinimum }),
	"maximum":          numeric(func(r *Rules) *json.Number { return &r.Maximum }),
	"exclusiveMaximum": numeric(func(r *Rules) *json.Number { return &r.ExclusiveMaximum }),
	"multipleOf":       {parse: (*parser).multipleOf, scalar: true},
	"minLength":        {parse: func(p *parser, value string) error { return p.length(value, &p.rules.MinLength) }},
	"maxLength":        {parse: func(p *parser, value string) error { return p.length(value, &p.rules.MaxLength) }},
	"minItems":         {parse: func(p *parser, value string) error { return p.count(value, &p.rules.MinItems) }},
	"maxItems":         {parse: func(p *parser, value string) error { return p.count(value, &p.rules.MaxItems) }},
	"uniqueItems":      {parse: (*parser).uniqueItems},
	"pattern":          {parse: (*parser).pattern, scalar: true},
	"format":           {parse: (*parser).format, scalar: true},
	"enum":             {parse: (*parser).enum, scalar: true},
	"contentType":      {parse: (*parser).contentType, scalar: true},
	"items":            {ofFields: true}, // parsed by [parser.parse]: it leads back here
	"doc":              {parse: (*parser).doc, ofFields: true, forPeople: true},
	"example":          {parse: (*parser).example, ofFields: true, forPeople: true},
	"deprecated":       {parse: (*parser).deprecated, ofFields: true, forPeople: true},
}

// numeric returns the word of a limit of numbers.
func numeric(of func(r *Rules) *json.Number) word {
	return word{parse: func(p *parser, value string) error { return p.number(value, of(&p.rules)) }, scalar: true}
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
	if key == "json" { // which most fields have: a look for what it is near to takes time
		return nil
	}
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

// limits returns the tags that limit numbers or lengths, for messages.
func limits(keys []string, tag reflect.StructTag) string {
	var list []string
	for _, key := range keys {
		if lower := strings.ToLower(key); (key == "items" || words[key].parse != nil) && (key == "items" || strings.Contains(lower, "min") || strings.Contains(lower, "max")) {
			list = append(list, fmt.Sprintf("%s:%q", key, tag.Get(key)))
		}
	}
	return strings.Join(list, " ")
}
