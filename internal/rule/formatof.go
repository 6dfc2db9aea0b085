package rule

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// formatDuration is the format of a time.Duration that is text. It is none of text:
// JSON Schema has another duration, that of ISO 8601.
const formatDuration = "duration"

// format is for text, for a time.Time (date-time and date), for a time.Duration
// (duration), and for a type with UnmarshalJSON or UnmarshalText that has MarshalText
// too: what the latter returns is checked. A format that the type can't have is an
// error.
func (p *parser) format(value string) error {
	p.rules.Format = value
	_, known := Format(value)
	switch t := p.of.Type; {
	case t == durationType && value == formatDuration, p.of.Kind == Timestamp && (value == "date" || value == "date-time"):
		return nil
	case value == formatDuration:
		return p.wrongType("a time.Duration")
	case !known:
		return errFormat()
	case p.of.Kind == Timestamp:
		return fmt.Errorf("a %s is a date-time or a date", t)
	case p.of.Kind == Text:
		return nil
	case p.of.Kind != OwnText && p.of.Kind != Own || !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return p.wrongType("text")
	default:
		return p.of.canHave(value)
	}
}

// samples has a text of each format of times, of which a type seldom has two.
var samples = map[string]string{"date": "2026-11-27", "date-time": "2026-11-27T07:24:47Z", "time": "07:24:47Z"}

// canHave returns an error if a type with a method of its own for text refuses a
// format of times but takes another one: as one that embeds time.Time, which takes a
// date-time alone.
func (s *Schema) canHave(format string) error {
	if sample, ok := samples[format]; !ok || s.takes(sample) {
		return nil
	}
	for other, sample := range samples {
		if s.takes(sample) {
			return fmt.Errorf("a %s reads the format %s, and refuses %s", s.Type, other, samples[format])
		}
	}
	return nil
}

func (s *Schema) takes(text string) (ok bool) {
	defer func() { _ = recover() }() // of the type's own method
	switch v := reflect.New(s.Type).Interface().(type) {
	case json.Unmarshaler:
		return v.UnmarshalJSON([]byte(strconv.Quote(text))) == nil
	case encoding.TextUnmarshaler:
		return v.UnmarshalText([]byte(text)) == nil
	default:
		return false
	}
}

var durationType = reflect.TypeFor[time.Duration]()

func errFormat() error { return fmt.Errorf("one of %s was expected", Formats()) }
