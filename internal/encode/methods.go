package encode

import (
	"encoding"
	"encoding/json"
	"reflect"
	"time"
)

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	numberType    = reflect.TypeFor[json.Number]()
	timeType      = reflect.TypeFor[time.Time]()
	durationType  = reflect.TypeFor[time.Duration]()
	anyType       = reflect.TypeFor[any]()
	anyMapType    = reflect.TypeFor[map[string]any]()
)

// hasMethods reports whether a type has methods that say what its JSON is.
func hasMethods(t reflect.Type) bool {
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler)
}
