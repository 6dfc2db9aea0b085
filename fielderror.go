package apiphant

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/apiphant/apiphant/internal/decode"
)

// maxFieldErrors is how many errors of fields one answer has.
const maxFieldErrors = 100

// fieldErrors returns one error for all problems of a request, nil where there are none.
func fieldErrors(problems []decode.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	if first := problems[0]; first.Path == "" && first.State == decode.Invalid { // the whole request
		return &Error{Status: http.StatusBadRequest, Err: first.Err}
	}
	details := make([]any, len(problems))
	var causes []error
	for i, p := range problems {
		details[i] = FieldError{Field: p.Path, State: p.State, Explain: p.Explain}
		switch {
		case p.Err == nil:
		case len(problems) == 1: // Error.Error names the field
			causes = append(causes, p.Err)
		default:
			causes = append(causes, fmt.Errorf("%s: %w", p.Path, p.Err))
		}
	}
	return &Error{Status: http.StatusBadRequest, Detail: details[0], Errors: details, Err: errors.Join(causes...)}
}

// validateMeaning interprets the error of a Validate method. Field errors, also
// several that are joined, are problems of fields below the value. Any other *Error
// is returned as stop and becomes the answer. All other errors make the value itself
// invalid.
func validateMeaning(err error) (problems []decode.Problem, stop error) {
	for _, one := range single(err) {
		known, ok := asError(one)
		if !ok {
			problems = append(problems, decode.Problem{State: decode.Invalid, Err: one})
			continue
		}
		fields, ok := known.fields()
		if !ok {
			return nil, one
		}
		for _, field := range fields {
			problems = append(problems, decode.Problem{Path: field.Field, State: field.State, Explain: field.Explain, Err: known.Err})
		}
	}
	return problems, nil
}

// joinedFields returns one error for the errors that are joined in err. known is the
// first *Error among them. If it is about fields, the result has the fields of all joined
// errors with the same status.
func joinedFields(err error, known *Error) *Error {
	if err == error(known) {
		return known
	}
	details := []any{}
	for _, one := range single(err) {
		other, ok := asError(one)
		if !ok || other.Status != known.Status {
			continue
		}
		fields, ok := other.fields()
		for _, field := range fields {
			if len(details) < maxFieldErrors {
				details = append(details, field)
			}
		}
		if !ok && other == known {
			return known
		}
	}
	if len(details) <= max(1, len(known.Errors)) {
		return known
	}
	return &Error{Status: known.Status, Detail: known.Detail, Errors: details, Err: err}
}

// fields returns the field errors in e, and reports whether e has nothing else.
func (e *Error) fields() (fields []FieldError, ok bool) {
	details := e.Errors
	if len(details) == 0 {
		details = []any{e.Detail}
	}
	for _, detail := range details {
		field, ok := detail.(FieldError)
		if !ok {
			return nil, false
		}
		fields = append(fields, field)
	}
	return fields, true
}

// single returns the errors that [errors.Join] has joined in err, in their order, or err
// alone if nothing is joined in it. What wraps the joined errors is left out; what wraps
// one of them stays around it.
func single(err error) []error {
	if _, ok := err.(*Error); ok {
		return []error{err}
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() []error }:
		var all []error
		for _, one := range wrapper.Unwrap() {
			if one != nil {
				all = append(all, single(one)...)
			}
		}
		return all
	case interface{ Unwrap() error }:
		if inner := wrapper.Unwrap(); inner != nil {
			if all := single(inner); len(all) > 1 {
				return all
			}
		}
	}
	return []error{err}
}

// asError is [errors.As] for an *Error that is not nil.
func asError(err error) (*Error, bool) {
	var known *Error
	ok := errors.As(err, &known) && known != nil
	return known, ok
}
