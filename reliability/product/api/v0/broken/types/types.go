// Package types has types whose methods panic: a request's Validate and an answer's
// MarshalJSON.
package types

import "context"

// Request is a request whose validation panics.
type Request struct {
	Hello string `json:"hello"`
}

// Validate panics.
func (Request) Validate() error { panic("reliability: Validate") }

// Answer is an answer whose encoding panics.
type Answer struct{ Value Value }

// Value is a value whose encoding panics.
type Value struct{}

// MarshalJSON panics.
func (Value) MarshalJSON() ([]byte, error) { panic("reliability: MarshalJSON") }

// Create is never called.
func Create(ctx context.Context, request Request) (Answer, error) { return Answer{}, nil }

// Read returns an answer whose encoding panics.
func Read(ctx context.Context, request struct{}) (Answer, error) { return Answer{}, nil }
