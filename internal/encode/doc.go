// Package encode writes the JSON of answers: the keys of maps sorted, the fields
// of structs in their order, and <, > and & as themselves.
//
// What it writes is what encoding/json writes with SetEscapeHTML(false), byte for
// byte, and it refuses the same values; the tests hold it to that over many random
// types. Maps and lists of any it writes as it meets them, other types by a [Plan].
// What has methods of its own for JSON is left to go-json, or to encoding/json where
// go-json would crash or write other bytes. A program that is built with the tag
// stdjson has encoding/json in place of all that, and no go-json in it.
package encode
