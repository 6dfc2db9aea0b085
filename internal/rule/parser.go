package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// parser is the state of [Parse] for a field, or for the elements of a list or a map.
type parser struct {
	rules    Rules
	of       *Schema         // without its pointers
	shown    *Schema         // of the whole field, for messages
	said     map[string]bool // the words that were there
	elements *parser         // of a list or a map; nil: nothing was said about them

	fallbackText, exampleText string // what default and example say
}

// parse reads a word and what it says.
func (p *parser) parse(key, value string) error {
	if key == "items" {
		return p.items(value)
	}
	if inner, ok := strings.CutPrefix(key, "items."); ok {
		elements, err := p.ofElements()
		if err != nil {
			return err
		}
		return elements.parse(inner, value)
	}
	if words[key].scalar && p.of.hasElements() {
		elements, err := p.ofElements()
		if err != nil {
			return err
		}
		return elements.own(key, value)
	}
	return p.own(key, value)
}

// own reads a word about the parser's own values.
func (p *parser) own(key, value string) error {
	if p.said[key] {
		return fmt.Errorf("%s is said about the elements twice", key)
	}
	if p.said == nil {
		p.said = map[string]bool{}
	}
	p.said[key] = true
	return words[key].parse(p, value)
}

// ofElements returns the parser for what is said about the elements.
func (p *parser) ofElements() (*parser, error) {
	if !p.of.hasElements() {
		return nil, p.wrongType("lists and maps")
	}
	if p.elements == nil {
		p.elements = &parser{of: p.of.Elem.target(), shown: p.shown}
	}
	return p.elements, nil
}

// finish completes the rules when all words were read.
func (p *parser) finish() error {
	if p.elements != nil {
		if err := p.elements.finish(); err != nil {
			return err
		}
		p.rules.Items = &p.elements.rules
	}
	if p.rules.Format == formatDuration {
		for _, key := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum"} {
			if p.said[key] {
				return fmt.Errorf("tag %s: a rule for numbers, and with format:\"duration\" this is text", key)
			}
		}
	}
	if p.said["default"] {
		p.rules.Default = p.json(p.fallbackText)
	}
	if p.said["example"] {
		p.rules.Example = p.exampleText
		if text := p.json(p.exampleText); json.Valid(text) {
			p.rules.Example = text
		}
	}
	return nil
}

func (p *parser) wrongType(expected string) error {
	err := fmt.Errorf("a rule for %s, and this is a %s", expected, p.shown.Type)
	which := "which"
	if p.shown.target() != p.of {
		which = "whose " + p.of.Type.String()
	}
	switch p.of.Kind {
	case OwnText:
		return fmt.Errorf("%w, %s has an UnmarshalText of its own", err, which)
	case Own:
		return fmt.Errorf("%w, %s has an UnmarshalJSON of its own", err, which)
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
	case Text, Bytes, List, Map, File:
		*to = &n
		return nil
	default:
		return p.wrongType("text, lists and objects")
	}
}

// count reads a number of elements.
func (p *parser) count(value string, to **int) error {
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
	if p.of.Elem.target().Kind == File {
		return p.wrongType("lists of JSON values")
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

// enum reads a comma-separated list of values.
func (p *parser) enum(value string) error {
	for text := range strings.SplitSeq(value, ",") {
		text = strings.TrimSpace(text)
		switch {
		case p.of.Kind == Text:
			p.rules.Enum = append(p.rules.Enum, text)
			continue
		case p.of.Kind != Boolean && p.of.Kind != Integer && p.of.Kind != Number:
			return p.wrongType("text, numbers, booleans, and lists and maps of these")
		case !p.of.isScalar(text):
			return fmt.Errorf("%q is no value of %s", text, p.of.Type)
		case p.of.Kind == Boolean:
			p.rules.Enum = append(p.rules.Enum, text == "true")
		default:
			p.rules.Enum = append(p.rules.Enum, json.Number(text))
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
	p.fallbackText = value
	return nil
}

// json returns the JSON that a tag's value stands for.
func (p *parser) json(value string) json.RawMessage {
	switch k := p.of.Kind; {
	case k == Text || k == OwnText || k == Bytes || k == Timestamp || p.rules.Format == formatDuration, k == Own && !json.Valid([]byte(value)):
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
	p.exampleText = value
	return nil
}

// deprecated takes any text: it may say what to use instead.
func (p *parser) deprecated(value string) error {
	p.rules.Deprecated = value != "false"
	return nil
}

var errNumber = errors.New("a number was expected")
