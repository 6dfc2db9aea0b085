package rule

import "encoding/json"

// Rules are what a field of a request has to keep to, as data: in JSON Schema's
// words, with what is not set told apart from zero. [Parse] reads them from a
// struct tag, package validation makes them from its calls, and [Rules.Compile]
// makes the checks of both.
type Rules struct {
	Required bool            `json:"required,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"` // JSON; nil: none

	// Limits of numbers, as the text that they were written with; "": none.
	Minimum          json.Number `json:"minimum,omitempty"`
	ExclusiveMinimum json.Number `json:"exclusiveMinimum,omitempty"`
	Maximum          json.Number `json:"maximum,omitempty"`
	ExclusiveMaximum json.Number `json:"exclusiveMaximum,omitempty"`
	MultipleOf       json.Number `json:"multipleOf,omitempty"`

	// Limits of lengths: of text in code points, of base64 and files in bytes, of lists in
	// elements, of maps in members. nil: none.
	MinLength   *int `json:"minLength,omitempty"`
	MaxLength   *int `json:"maxLength,omitempty"`
	MinItems    *int `json:"minItems,omitempty"`
	MaxItems    *int `json:"maxItems,omitempty"`
	UniqueItems bool `json:"uniqueItems,omitempty"`

	Pattern *string `json:"pattern,omitempty"` // in the syntax of package regexp, unanchored
	Format  string  `json:"format,omitempty"`  // one of those that [Format] knows, or that of a time.Duration: duration

	// Enum are the only values that are allowed: string, json.Number and bool from a
	// tag, any Go value that stands for a JSON value from package validation. nil: any
	// value is allowed; empty: none is.
	Enum []any `json:"enum,omitempty"`

	// ContentType are the media types that a file may have, see [IsContentType]. nil: any.
	ContentType []any `json:"contentType,omitempty"`

	Items *Rules `json:"items,omitempty"` // of each element of a list, or of each value of a map

	// What is only for people.
	Doc        string `json:"description,omitempty"`
	Example    any    `json:"example,omitempty"` // a JSON value; nil: none
	Deprecated bool   `json:"deprecated,omitempty"`
}
