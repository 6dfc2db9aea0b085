// Package types panics in what the pipeline calls: a request's Validate and an
// answer's MarshalJSON.
package types

import "context"

// Request can't be checked.
type Request struct {
	Hello string `json:"hello"`
}

// Validate panics.
func (Request) Validate() error { panic("reliability: Validate") }

// Answer can't be encoded.
type Answer struct{ Value Value }

// Value can't be encoded.
type Value struct{}

// MarshalJSON panics.
func (Value) MarshalJSON() ([]byte, error) { panic("reliability: MarshalJSON") }

// Create is never called.
func Create(ctx context.Context, request Request) (Answer, error) { return Answer{}, nil }

// Read returns what can't be encoded.
func Read(ctx context.Context, request struct{}) (Answer, error) { return Answer{}, nil }
