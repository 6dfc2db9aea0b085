// Package rule holds the rules that the fields of a request have to keep to, as
// data, and makes checks of them:
//
//	Count int `json:"count" minimum:"1" maximum:"10"`   // a tag of a typed request
//	validation.Min(1), validation.Max(10)               // calls for an Object
//
//	→ Rules{Minimum: "1", Maximum: "10"} → Check
//
// [Parse] reads [Rules] from a struct tag, and package validation fills them in from
// its calls. [Rules.Compile] makes the same [Check] of both, so that a rule means the
// same wherever it is written. A [Schema] says what a request type is in JSON, with
// the rules of its fields, for whatever lists or documents an API.
//
// The package knows nothing of requests, paths and errors: a value goes in, and a
// check reports whether it is allowed. Checks are safe for concurrent use, take time
// linear in the length of the value (a pattern: as package regexp promises), and do
// not panic.
package rule
