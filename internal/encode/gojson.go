//go:build !stdjson

package encode

import "github.com/goccy/go-json"

type encoder = json.Encoder

// UnsupportedTypeError says that no value of a type can be encoded.
type UnsupportedTypeError = json.UnsupportedTypeError

var newEncoder = json.NewEncoder
