// Package decode reads the JSON objects that requests are.
package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
)

// ErrNotObject is the error of every body that is not one JSON object.
var ErrNotObject = errors.New("not a JSON object")

// Problem is what is wrong with one field.
type Problem struct {
	Path, State string
	Explain     any
}

// Plan is how requests of one type are read.
type Plan struct{}

// Object decodes a body that is one JSON object.
func Object(body []byte) (map[string]any, error) {
	object := map[string]any{}
	return object, unmarshal(body, &object)
}

// Compile makes the plan of a type.
func Compile(reflect.Type) (*Plan, error) { return &Plan{}, nil }

// Decode fills what dst points to.
func (p *Plan) Decode(body []byte, dst any) ([]Problem, error) { return nil, unmarshal(body, dst) }

func unmarshal(body []byte, dst any) error {
	if body = bytes.TrimSpace(body); len(body) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if body[0] != '{' || decoder.Decode(dst) != nil {
		return ErrNotObject
	}
	if _, err := decoder.Token(); err != io.EOF {
		return ErrNotObject
	}
	return nil
}
