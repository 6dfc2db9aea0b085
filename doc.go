// Package apiphant turns plain Go functions into a JSON API.
//
//	package echo
//
//	func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
//		response := request.Copy()
//		response["server"] = "myproduct"
//		return response, nil
//	}
//
// in the folder myproduct/api/v0/echo is, once apiphant myproduct 127.0.0.1:8001
// runs,
//
//	POST /api/v0/echo/read {"hello":"world"}  →  200 {"hello":"world","server":"myproduct"}
//
// # A product
//
//	PATH/api/vN/t/a/r/g/e/t/*.go   functions Create, Read, Update, Delete; or func Actions() apiphant.Actions
//	PATH/api/*.go                  package api: Start(ctx) error, Stop(ctx) error, Middleware, Rest() rest.Routes, all optional
//	PATH/api/background/*.go       package background: Tasks, Jobs, see package background
//
// A function has the shape that one of [Func], [FuncWithoutContext], [Proc],
// [ProcWithoutContext], [NoRequest], [NoRequestWithoutContext], [RawRequest],
// [RawResponse], [Raw], [Stream] and [StreamWithoutContext] takes. A Middleware,
// func(next [Handler]) [Handler], also stands in a version's or a target's package,
// and wraps everything below it.
//
// # Typed requests
//
// A request that is a struct is checked by its tags. The answer has all that is wrong
// with it at once:
//
//	type Line struct {
//		Code  string `json:"code" required:"true" pattern:"^[A-Z]{3}-[0-9]+$"`
//		Count int    `json:"count" minimum:"1" default:"1"`
//	}
//
// The tags are required, default, minimum, maximum, exclusiveMinimum,
// exclusiveMaximum, multipleOf, minLength, maxLength, pattern, enum, format,
// minItems, maxItems, uniqueItems, contentType (of a [File]), and doc, example, deprecated for people.
// Required means present in the JSON: false, 0 and "" are values like others. A
// type may also have Validate() error, which best returns the errors of package
// validation: validation.Invalid("count", "too many").
//
// # The house
//
// This package has the vocabulary and the one pipeline that every call goes through:
// middleware, decode, validate, call, recover, encode, and errors mapped to statuses.
// It knows no transport. A [Door] translates one into [API.Serve] and back: package
// server for fasthttp, package nethttp for net/http, package apitest for tests in the
// same process. A function does not know which door its call came through.
//
// A panic in a function ends its call and nothing else. Some failures end the process,
// since Go recovers from none of them: a panic in a goroutine that the function has
// started, and fatal errors such as an endless recursion or a concurrent map write.
//
// docs/protocol.md states what goes over the wire.
package apiphant
