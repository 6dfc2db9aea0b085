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
// Any JSON value can be explained, and null (a nil) is one: it goes out as
// "explain":null. Several explains go out as a list, "explain":[1,"x"]; without any
// there is no "explain". The error is an [*apiphant.Error] whose Detail is an
// [apiphant.FieldError].
func BadRequest(name, state string, explain ...any) error {
	return withCause(name, state, explain, nil)
}

// withCause is an error of a field whose cause is for the log alone.
func withCause(name, state string, explain []any, cause error) error {
	detail := apiphant.FieldError{Field: name, State: state}
	switch {
	case len(explain) == 0:
	case len(explain) > 1:
		detail.Explain = explain
	case explain[0] == nil:
		detail.Explain = null{}
	default:
		detail.Explain = explain[0]
	}
	return &apiphant.Error{Status: http.StatusBadRequest, Detail: detail, Err: cause}
}

// null is a null that was explained: a nil in its place would be left out.
type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// String is null in the log too.
func (null) String() string { return "null" }
