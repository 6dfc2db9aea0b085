package encode

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

// keyText returns the text of a map key: of a string itself, then what MarshalText
// returns, then the digits of an integer.
func keyText(key reflect.Value) (string, error) {
	if key.Kind() == reflect.String {
		return key.String(), nil
	}
	if marshaler, ok := key.Interface().(encoding.TextMarshaler); ok {
		if key.Kind() == reflect.Pointer && key.IsNil() {
			return "", nil
		}
		text, err := marshaler.MarshalText()
		if err != nil {
			return "", &json.MarshalerError{Type: key.Type(), Err: err}
		}
		return string(text), nil
	}
	if key.CanInt() {
		return strconv.FormatInt(key.Int(), 10), nil
	}
	return strconv.FormatUint(key.Uint(), 10), nil
}

// appendDate appends the day of a time, in the time's own zone, as a JSON string.
func appendDate(b []byte, t time.Time) ([]byte, error) {
	if year := t.Year(); year < 0 || year > 9999 {
		return b, &json.UnsupportedValueError{Value: reflect.ValueOf(t), Str: "a date outside of the years 0 to 9999"}
	}
	return append(t.AppendFormat(append(b, '"'), time.DateOnly), '"'), nil
}
