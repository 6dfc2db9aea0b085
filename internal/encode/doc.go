// Package encode writes the JSON of answers: the keys of maps sorted, the fields
// of structs in their order, and <, > and & as themselves.
//
// What it writes is what encoding/json writes with SetEscapeHTML(false), byte for
// byte, and it refuses the same values; the tests hold it to that over many random
// types. Two packages can do the work. go-json does by default. A program that is
// built with the tag stdjson has encoding/json in its place, and no go-json in it.
package encode
