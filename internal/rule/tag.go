package rule

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
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

var errNumber = errors.New("a number was expected")

func errFormat() error { return fmt.Errorf("one of %s was expected", Formats()) }

// parser is the state of [Parse].
type parser struct {
	rules Rules
	of    *Schema
}

func (p *parser) wrongType(expected string) error {
	err := fmt.Errorf("a rule for %s, and this is a %s", expected, p.of.Type)
	switch p.of.Kind {
	case OwnText:
		return fmt.Errorf("%w, which has an UnmarshalText of its own", err)
	case Own:
		return fmt.Errorf("%w, which has an UnmarshalJSON of its own", err)
	default:
		return err
	}
}

func (p *parser) required(value string) error { return boolean(value, &p.rules.Required) }

func boolean(value string, to *bool) error {
	if value != "true" && value != "false" {
		return errors.New("true or false was expected")
	}
	*to = value == "true"
	return nil
}

func (p *parser) number(value string, to *json.Number) error {
	if _, ok := ParseDecimal(value); !ok {
		return errNumber
	}
	if p.of.Kind != Integer && p.of.Kind != Number {
		return p.wrongType("numbers")
	}
	*to = json.Number(value)
	return nil
}

func (p *parser) multipleOf(value string) error {
	if err := p.number(value, &p.rules.MultipleOf); err != nil {
		return err
	}
	unit, _ := ParseDecimal(value)
	return new(Bounds).AddMultipleOf(unit)
}

func (p *parser) length(value string, to **int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return errors.New("a length was expected, 0 or more")
	}
	switch p.of.Kind {
	case Text, Bytes, List, Map:
		*to = &n
		return nil
	default:
		return p.wrongType("text, lists and objects")
	}
}

func (p *parser) items(value string, to **int) error {
	if p.of.Kind != List {
		return p.wrongType("lists")
	}
	return p.length(value, to)
}

func (p *parser) uniqueItems(value string) error {
	if err := boolean(value, &p.rules.UniqueItems); err != nil {
		return err
	}
	if p.of.Kind != List {
		return p.wrongType("lists")
	}
	return nil
}

func (p *parser) pattern(value string) error {
	if p.of.Kind != Text {
		return p.wrongType("text")
	}
	_, err := regexp.Compile(value)
	p.rules.Pattern = &value
	return err
}

// format is for text, and for a type with UnmarshalJSON or UnmarshalText that has
// MarshalText too: what the latter returns is checked. So a time.Time may be said to
// be a date-time.
func (p *parser) format(value string) error {
	if _, ok := Format(value); !ok {
		return errFormat()
	}
	own := p.of.Kind == OwnText || p.of.Kind == Own
	if p.of.Kind != Text && !(own && reflect.PointerTo(p.of.Type).Implements(reflect.TypeFor[encoding.TextMarshaler]())) {
		return p.wrongType("text")
	}
	p.rules.Format = value
	return nil
}

// enum reads a comma-separated list of values. A list's enum is for its elements.
func (p *parser) enum(value string) error {
	of, rules := p.of, &p.rules
	if of.Kind == List || of.Kind == Array {
		of = of.Elem
		rules.Items = &Rules{}
		rules = rules.Items
	}
	for text := range strings.SplitSeq(value, ",") {
		text = strings.TrimSpace(text)
		switch {
		case of.Kind == Text:
			rules.Enum = append(rules.Enum, text)
			continue
		case of.Kind != Boolean && of.Kind != Integer && of.Kind != Number:
			return p.wrongType("text, numbers, booleans and lists of these")
		case !of.isScalar(text):
			return fmt.Errorf("%q is no value of %s", text, of.Type)
		case of.Kind == Boolean:
			rules.Enum = append(rules.Enum, text == "true")
		default:
			rules.Enum = append(rules.Enum, json.Number(text))
		}
	}
	return nil
}

// isScalar reports whether text is JSON for a boolean or a number of the schema's
// type, within its range.
func (s *Schema) isScalar(text string) bool {
	if s.Kind == Boolean {
		return text == "true" || text == "false"
	}
	_, ok := ParseDecimal(text)
	if !ok || s.Type.Kind() == reflect.String { // json.Number
		return ok
	}
	var err error
	zero := reflect.Zero(s.Type)
	switch bits := s.Type.Bits(); {
	case zero.CanInt():
		_, err = strconv.ParseInt(text, 10, bits)
	case zero.CanUint():
		_, err = strconv.ParseUint(text, 10, bits)
	default:
		_, err = strconv.ParseFloat(text, bits)
	}
	return err == nil
}

// fallback reads the default: JSON, or the bare text where the field is text. Whether
// it is a value of the field's type is for the decoder to say.
func (p *parser) fallback(value string) error {
	p.rules.Default = p.json(value)
	return nil
}

// json returns the JSON that a tag's value stands for.
func (p *parser) json(value string) json.RawMessage {
	switch k := p.of.Kind; {
	case k == Text || k == OwnText || k == Bytes, k == Own && !json.Valid([]byte(value)):
		quoted, _ := json.Marshal(value) // text can always be written
		return quoted
	default:
		return json.RawMessage(value)
	}
}

func (p *parser) doc(value string) error {
	p.rules.Doc = value
	return nil
}

func (p *parser) example(value string) error {
	p.rules.Example = value
	if text := p.json(value); json.Valid(text) {
		p.rules.Example = text
	}
	return nil
}

// deprecated takes any text: it may say what to use instead.
func (p *parser) deprecated(value string) error {
	p.rules.Deprecated = value != "false"
	return nil
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
