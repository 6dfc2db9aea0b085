package rule

import "reflect"

// Schema is what a Go type is in a request's JSON. There is one Schema for a type
// wherever the type occurs, so that a type that contains itself has a Schema that
// leads back to itself: code that walks over Schemas must remember which ones it has seen.
//
// A Schema is not changed once its type is compiled.
type Schema struct {
	Type   reflect.Type
	Kind   Kind
	Elem   *Schema // of a Pointer, Optional, List, Array or Map
	Fields []Field // of a Struct, in the order in which problems are reported
}

// Field is a field of a struct as JSON has it. Fields of embedded structs are among
// those of the struct around them.
type Field struct {
	Name   string       // in JSON
	GoName string       // of the struct field
	Owner  reflect.Type // the struct that declares it: that of the doc comment
	Schema *Schema
	Quoted bool // the value is in quotes: the option ",string" of the json tag
	Rules  Rules
}

// Kind is how a value of a type is written in JSON.
type Kind uint8

// The kinds of values.
const (
	Any       Kind = iota // any JSON value
	Boolean               // true or false
	Integer               // a number without fraction and exponent
	Number                // any number
	Text                  // a string
	Bytes                 // a string of base64
	List                  // an array
	Array                 // an array with a largest length, which is that of the Go array
	Map                   // an object whose keys are not known beforehand
	Struct                // an object
	Pointer               // null, or what Elem says; also sql.Null and its like
	Optional              // as Pointer, and absent is told from null
	Timestamp             // a string: a date-time, or a date where the field's Format is that
	OwnText               // a string that the type's UnmarshalText reads
	Own                   // what the type's UnmarshalJSON reads
	File                  // no JSON: a file of multipart/form-data
)

// String returns JSON Schema's name of the kind's type, "" where it may be of several.
func (k Kind) String() string {
	switch k {
	case Boolean:
		return "boolean"
	case Integer:
		return "integer"
	case Number:
		return "number"
	case Text, Bytes, OwnText, Timestamp:
		return "string"
	case List, Array:
		return "array"
	case Map, Struct:
		return "object"
	default:
		return ""
	}
}
