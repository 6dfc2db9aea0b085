package apiphant

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/apiphant/apiphant/internal/decode"
)

// errNotObject is the answer to every body that is not one JSON object.
var errNotObject = &Error{Status: http.StatusBadRequest, Detail: "Request content should be JSON Object"}

// decoder reads the requests of one type.
type decoder[T any] struct {
	plan, strict *decode.Plan // nil: T is Object
	err          error        // why T can't be a request
}

func decoderOf[T any]() decoder[T] {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[Object]() {
		return decoder[T]{}
	}
	plan, err := decode.Compile(t, validateMeaning)
	if err != nil {
		return decoder[T]{err: err}
	}
	return decoder[T]{plan: plan, strict: plan.Strict()}
}

// decode fills request from a call's body, or tells all that is wrong with it.
func (d decoder[T]) decode(call *Call, request *T) error {
	var problems []decode.Problem
	var err error
	switch object, isObject := any(request).(*Object); {
	case isObject && call.strict:
		*object, problems, err = decode.StrictObject(call.body)
	case isObject:
		*object, err = decode.Object(call.body)
	case call.strict:
		problems, err = d.strict.Decode(call.body, request)
	default:
		problems, err = d.plan.Decode(call.body, request)
	}
	if err != nil {
		return requestError(err)
	}
	return fieldErrors(problems)
}

func requestError(err error) error {
	if errors.Is(err, decode.ErrNotObject) {
		return errNotObject
	}
	return err
}

// fieldErrors makes one error of all that is wrong with the fields of a request.
func fieldErrors(problems []decode.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	if problems[0].Path == "" && problems[0].State == decode.Invalid { // the whole request, and not its member ""
		return &Error{Status: http.StatusBadRequest, Err: problems[0].Err}
	}
	details := make([]any, len(problems))
	var causes []error
	for i, p := range problems {
		details[i] = FieldError{Field: p.Path, State: p.State, Explain: p.Explain}
		if p.Err != nil {
			causes = append(causes, p.Err)
		}
	}
	return &Error{Status: http.StatusBadRequest, Detail: details[0], Errors: details, Err: errors.Join(causes...)}
}

// validateMeaning says what the error of a Validate method means: field errors,
// also several joined, are about fields below the value; any other *Error is the
// answer as it is; and what is left makes the value itself invalid.
func validateMeaning(err error) (problems []decode.Problem, stop error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			found, stop := validateMeaning(one)
			if stop != nil {
				return nil, stop
			}
			problems = append(problems, found...)
		}
		return problems, nil
	}
	var known *Error
	if !errors.As(err, &known) || known == nil {
		return []decode.Problem{{State: decode.Invalid, Err: err}}, nil
	}
	details := known.Errors
	if len(details) == 0 {
		details = []any{known.Detail}
	}
	for _, detail := range details {
		field, ok := detail.(FieldError)
		if !ok {
			return nil, err
		}
		problems = append(problems, decode.Problem{Path: field.Field, State: field.State, Explain: field.Explain, Err: known.Err})
	}
	return problems, nil
}
