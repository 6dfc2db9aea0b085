package validation

import (
	"encoding/json"
	"reflect"

	"github.com/apiphant/apiphant/internal/parameter"
)

// fromParameter returns a value as a field of type t takes it: text of a path, a query or
// a form becomes the number or the boolean that t is, and what came more than once a
// list, or its last text where t is no list. Any other value is returned as it is, and so
// is text that t can't be.
func fromParameter(value any, t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	texts, isList := value.([]any)
	switch {
	case isList && (len(texts) == 0 || !parameter.Is(texts[0])), !isList && !parameter.Is(value):
		return value
	case !isList:
		texts = []any{value}
	}
	switch t.Kind() {
	case reflect.Interface:
		return value
	case reflect.Slice:
		elements := make([]any, len(texts))
		for i, text := range texts {
			elements[i] = fromText(text, t.Elem())
		}
		return elements
	}
	return fromText(texts[len(texts)-1], t)
}

// fromText returns a text as a scalar of type t takes it.
func fromText(value any, t reflect.Type) any {
	text, _ := value.(string)
	switch {
	case t.Kind() == reflect.Bool && (text == "true" || text == "false"):
		return text == "true"
	case (t == numberType || t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64) && isNumber(text):
		return json.Number(text)
	}
	return value
}

// isNumber reports whether a text is a number as JSON has it.
func isNumber(text string) bool {
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	return text != "" && (text[0] == '-' || isDigit(text[0])) && isDigit(text[len(text)-1]) && json.Valid([]byte(text))
}
