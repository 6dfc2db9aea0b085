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
// One pass over the body checks its syntax, fills the value, knows what was
// present and puts every value to its rules. All problems of a request are found
// at once; broken JSON anywhere wins over all of them.
//
// # What a body is
//
// One JSON object (RFC 8259) in UTF-8 without a byte order mark, or no byte at all,
// which is {}; white space alone is no object. Objects and lists nest to a depth of
// 64: the body's own object is the first, so 64 are accepted and 65 refused. An
// escaped surrogate without its partner becomes U+FFFD.
//
// # What differs from encoding/json
//
//   - Keys match in their exact letter case.
//   - Of duplicate keys the last wins entirely: nothing of the earlier values
//     remains, neither content nor presence nor problems.
//   - null is a value only for pointers, any and json.RawMessage.
//   - Invalid UTF-8 is refused, not mended. So is a json.Number in quotes.
//   - A wrong type is a [Problem] with its path, and decoding goes on.
//   - The value is zero before and built anew: nothing is merged into what is there.
//   - []byte is base64 alone, not a list of numbers too. A list of bytes that have
//     UnmarshalText or UnmarshalJSON is a list.
//   - With the option ",string", what is in the quotes is as it would be without them:
//     "012", "0x1p4" and "null" are no numbers.
//   - A list longer than its Go array is invalid, not cut.
//
// A plan made by [Plan.Strict], and [StrictObject], refuse duplicate keys instead,
// and unknown ones too.
//
// What does not differ, though it may surprise: 1.0 and 1e0 are no integers, and -0
// is an integer but no unsigned one.
//
// # What can be kept
//
// Nothing in a decoded value points into the body. Short strings of one request, of
// at most 32 bytes, share blocks of at most 256; in plain values eight of them also
// share a block of 128, equal ones may be one, and a list of up to four lies together
// with its elements. Nothing else keeps anything else alive.
//
// Of a request nothing is kept but keys of plain values: decoders leave up to 64 of
// them, of at most 32 bytes each, to those after them, which then need not make these
// keys again. A key is a string of its own. There are about as many such sets as
// requests were decoded at once, and the garbage collector takes those that are not
// used.
//
// # Defaults
//
// A default is what a field is where its key is absent, made anew for each request.
// Those in a struct that is itself absent apply too, unless it is behind a pointer.
// On a required field a default never applies.
//
// # Types with methods
//
// UnmarshalJSON and UnmarshalText are called as encoding/json calls them, with
// text of their own; their error makes the value invalid, and goes no further: it
// may quote at length what the caller sent. A type may also have Validate() error,
// on the value or the pointer: it is called where the value was present and nothing
// in it was wrong, the inner ones first, an embedded struct's before that of the
// struct around it (which, where it is merely promoted, means twice). What its error
// says is the business of the [Meaning] given to [Compile]. Both must be free of
// side effects: they may be called for a request that is then refused, and more than
// once. Their panics are not caught.
package decode
