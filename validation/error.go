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

// Missing returns the error for a field that the request should have:
//
//	400 {"error":{"field":"id","state":"missing"}}
//
// explain is sent as [BadRequest] describes.
func Missing(name string, explain ...any) error {
	return BadRequest(name, stateMissing, explain...)
}

// Invalid returns the error for a field whose value is not allowed:
//
//	400 {"error":{"field":"id","state":"invalid"}}
//
// explain is sent as [BadRequest] describes.
func Invalid(name string, explain ...any) error {
	return BadRequest(name, stateInvalid, explain...)
}

// BadRequest returns the error for a field in a state that the product names:
//
//	validation.BadRequest("email", "taken", "sign in instead")
//	→ 400 {"error":{"field":"email","state":"taken","explain":"sign in instead"}}
//
// explain is any JSON value; nil is sent as "explain":null. Several are sent as a
// list, "explain":[1,"x"], and without any there is no "explain". The error is an
// [*apiphant.Error] whose Detail is an [apiphant.FieldError].
func BadRequest(name, state string, explain ...any) error {
	return withCause(name, state, explain, nil)
}

// withCause returns the error of a field with a cause, which is logged and not sent.
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

// null is an explanation that is null: a nil would be left out of the answer.
type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// String makes it null in the log too.
func (null) String() string { return "null" }
