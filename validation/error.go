package validation

import (
	"net/http"

	"github.com/apiphant/apiphant"
)

// The states that the rules of this package find.
const (
	stateMissing = "missing"
	stateInvalid = "invalid"
)

// Missing is the error for a field that should have been in the request:
//
//	400 {"error":{"field":"id","state":"missing"}}
//
// What is explained goes out as "explain", as [BadRequest] says.
func Missing(name string, explain ...any) error {
	return BadRequest(name, stateMissing, explain...)
}

// Invalid is the error for a field with a value that will not do:
//
//	400 {"error":{"field":"id","state":"invalid"}}
//
// What is explained goes out as "explain", as [BadRequest] says.
func Invalid(name string, explain ...any) error {
	return BadRequest(name, stateInvalid, explain...)
}

// BadRequest is the error for a field in a state that has a name of its own:
//
//	validation.BadRequest("email", "taken", "sign in instead")
//	→ 400 {"error":{"field":"email","state":"taken","explain":"sign in instead"}}
//
// Any JSON value can be explained; several go out as a list, none and a single nil
// not at all. The error is an [*apiphant.Error] whose Detail is an
// [apiphant.FieldError].
func BadRequest(name, state string, explain ...any) error {
	detail := apiphant.FieldError{Field: name, State: state}
	switch len(explain) {
	case 0:
	case 1:
		detail.Explain = explain[0]
	default:
		detail.Explain = explain
	}
	return &apiphant.Error{Status: http.StatusBadRequest, Detail: detail}
}

// withCause is an error of a field whose cause is for the log alone.
func withCause(name string, explain any, cause error) error {
	detail := apiphant.FieldError{Field: name, State: stateInvalid, Explain: explain}
	return &apiphant.Error{Status: http.StatusBadRequest, Detail: detail, Err: cause}
}
