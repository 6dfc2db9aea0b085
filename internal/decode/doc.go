// Package decode reads the JSON body of a request: into an object of plain
// values, or straight into a Go type by a [Plan] that was compiled for it once.
//
//	type Line struct {
//		Code  string `json:"code" required:"true" pattern:"^[A-Z]+$"`
//		Count int    `json:"count" minimum:"1" default:"1"`
//	}
//	type Order struct {
//		Lines []Line `json:"lines" minItems:"1"`
//	}
//
//	{"lines":[{"code":"A"},{"count":0}]}
//	→ lines[1].code missing, lines[1].count invalid
//
// One pass over the body checks its syntax, fills the value, notes which fields were
// present and applies the rules. All problems of a request are reported at once. A
// syntax error anywhere is reported instead of them.
//
// A request may have values from outside of its body too, in its path or its query:
// see [Plan.DecodeWith].
//
// # What a body is
//
// A body is one JSON object (RFC 8259) in UTF-8 without a byte order mark. An empty
// body is {}; white space alone is no object. Objects and lists may be nested to a
// depth of 64, counting the body's own object. An escaped surrogate without its
// partner becomes U+FFFD.
//
// # What differs from encoding/json
//
//   - Keys match in their exact letter case.
//   - If a key comes more than once, its last value replaces the earlier ones, and
//     neither their content nor their problems remain.
//   - null is a value only for pointers, any, json.RawMessage, nullable types (see
//     fields.Nullable), and types with UnmarshalJSON other than time.Time.
//   - A time.Time is read by rule.DateTime. With the tag format:"date" it is a date, and
//     a time.Duration with format:"duration" is text.
//   - Invalid UTF-8 is refused and not replaced. A json.Number in quotes is refused.
//   - A value of a wrong type is a [Problem] with its path, and decoding goes on.
//   - The value must be zero before: nothing is merged with what is there.
//   - []byte is base64, and never a list of numbers. A list of bytes that have
//     UnmarshalText or UnmarshalJSON is a list.
//   - With the option ",string", the text in the quotes must be what the value would be
//     without quotes: "012", "0x1p4" and "null" are no numbers.
//   - A list that is longer than its Go array is invalid, and not cut.
//
// A plan made by [Plan.Strict], and [StrictObject], refuse keys that come more than
// once, and unknown ones.
//
// As in encoding/json, 1.0 and 1e0 are no integers, and -0 is an integer but no
// unsigned one.
//
// # What can be kept
//
// Nothing in a decoded value points into the body. A value that is kept keeps little
// else in memory: strings of one request of at most 32 bytes share blocks of at most
// 256; in plain values, eight such strings also share a block of 128, equal ones may
// be the same, and a list of up to four elements is allocated together with them.
//
// Nothing of a request is kept for later ones but keys of plain values: a decoder
// leaves up to 64 of them, of at most 32 bytes each, for others to use again. Each is
// allocated on its own. There are about as many such sets as requests were decoded at
// the same time, and the garbage collector frees those that are not used.
//
// # Defaults
//
// A default is the value of a field whose key is absent. It is decoded anew for each
// request. The defaults in a struct apply also if the struct is absent, but not if it
// is behind a pointer. A required field never gets its default.
//
// # Types with methods
//
// UnmarshalJSON and UnmarshalText are called as encoding/json calls them, with a copy
// of the text. If they return an error, the value is invalid; the error is dropped,
// since it may quote what the client sent. But the errors of fields that an
// UnmarshalJSON returns, as [Meaning] has them, are problems below its value.
//
// A type may also have Validate() error, on the value or the pointer. It is called if
// the value was present and has no problems: for inner values first, and for an
// embedded struct before the struct around it. A Validate that is merely promoted
// is called once. The [Meaning] given to [Compile] interprets its error.
//
// These methods must have no side effects: they may be called for a request that is
// refused later, and more than once. Their panics are not recovered.
package decode
