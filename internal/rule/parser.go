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

var errNumber = errors.New("a number was expected")

func errFormat() error { return fmt.Errorf("one of %s was expected", Formats()) }
