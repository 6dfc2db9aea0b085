package rule

import "encoding/json"

// Single is one rule, apart from the others of its field.
type Single struct {
	Word  string // of JSON Schema
	Value any    // what stands beside the word; it must not be changed
	Rules Rules  // that rule alone
}

// maxExplained is the length in bytes of the JSON of what a [Single] says above which
// it is left out: errors name it up to a hundred times.
const maxExplained = 2048

// Each returns the limits, Pattern, Format, ContentType and Enum one by one, to say which of them a
// value breaks. Very long ones are left out.
func (r *Rules) Each() []Single {
	var list []Single
	add := func(there bool, word string, value any, rules Rules) {
		if !there {
			return
		}
		if text, err := json.Marshal(value); err == nil && len(text) <= maxExplained {
			list = append(list, Single{word, value, rules})
		}
	}
	add(r.Minimum != "", "minimum", r.Minimum, Rules{Minimum: r.Minimum})
	add(r.ExclusiveMinimum != "", "exclusiveMinimum", r.ExclusiveMinimum, Rules{ExclusiveMinimum: r.ExclusiveMinimum})
	add(r.Maximum != "", "maximum", r.Maximum, Rules{Maximum: r.Maximum})
	add(r.ExclusiveMaximum != "", "exclusiveMaximum", r.ExclusiveMaximum, Rules{ExclusiveMaximum: r.ExclusiveMaximum})
	add(r.MultipleOf != "", "multipleOf", r.MultipleOf, Rules{MultipleOf: r.MultipleOf})
	add(r.MinLength != nil, "minLength", value(r.MinLength), Rules{MinLength: r.MinLength})
	add(r.MaxLength != nil, "maxLength", value(r.MaxLength), Rules{MaxLength: r.MaxLength})
	add(r.MinItems != nil, "minItems", value(r.MinItems), Rules{MinItems: r.MinItems})
	add(r.MaxItems != nil, "maxItems", value(r.MaxItems), Rules{MaxItems: r.MaxItems})
	add(r.UniqueItems, "uniqueItems", true, Rules{UniqueItems: true})
	add(r.Pattern != nil, "pattern", value(r.Pattern), Rules{Pattern: r.Pattern})
	add(r.Format != "", "format", r.Format, Rules{Format: r.Format})
	add(r.ContentType != nil, "contentType", r.ContentType, Rules{ContentType: r.ContentType})
	add(r.Enum != nil, "enum", r.Enum, Rules{Enum: r.Enum})
	return list
}

// value returns what p points to, nil for nil.
func value[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}
