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
// This package is the vocabulary, and the one pipeline that every call takes:
// middleware, decode, validate, call, recover, encode, and errors mapped to
// statuses. It knows no transport. A door translates its own into an [API.Serve]
// and back: package server does so for HTTP, package apitest for tests in the
// same process. A function does not know which door its call came through.
//
// docs/protocol.md states what goes over the wire.
package apiphant
