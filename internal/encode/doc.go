// Package encode writes the JSON of responses. Map keys are sorted, struct fields
// keep their order, and <, > and & are not escaped.
//
// The output equals, byte for byte, that of encoding/json with SetEscapeHTML(false),
// and the same values are errors. The differential tests compare the two over random
// types and values.
//
// Plain values (map[string]any, []any, strings, numbers) are written directly, and
// every other type by a [Plan] that is compiled once. Values with MarshalJSON or
// MarshalText go to go-json, or to encoding/json where go-json would crash or write
// something else. With the build tag stdjson, encoding/json writes everything and
// go-json is not linked.
package encode
