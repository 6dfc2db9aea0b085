package apiphant

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/apiphant/apiphant/internal/decode"
)

// errNotObject is the error for a body that is not one JSON object.
var errNotObject = &Error{Status: http.StatusBadRequest, Detail: "Request content should be JSON Object"}

// decoder decodes requests of the type T.
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

// shape returns the shape of a function that takes a T.
func (d decoder[T]) shape() shape {
	if d.plan == nil { // an Object, or what can't be a request
		return shape{request: reflect.TypeFor[T]()}
	}
	return shape{request: reflect.TypeFor[T](), schema: d.plan.Schema(), takes: d.plan.Takes}
}

// decode fills request from a call's body, or returns an error that has all that is
// wrong with it.
func (d decoder[T]) decode(call *Call, request *T) error {
	if err := call.read(); err != nil {
		return err
	}
	var problems []decode.Problem
	var err error
	switch object, isObject := any(request).(*Object); {
	case call.match.further != nil:
		problems, err = d.decodeFurther(call, request, object)
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

// decodeFurther is decode for a request to a further address, whose path and query
// have values, too. object is request where T is Object, else nil.
func (d decoder[T]) decodeFurther(call *Call, request *T, object *Object) ([]decode.Problem, error) {
	values, err := call.match.further.values()
	switch {
	case err != nil:
		return nil, err
	case object != nil:
		var problems []decode.Problem
		*object, problems, err = decode.ObjectWith(call.body, values, call.strict)
		return problems, err
	case call.strict:
		return d.strict.DecodeWith(call.body, values, request)
	default:
		return d.plan.DecodeWith(call.body, values, request)
	}
}

func requestError(err error) error {
	if errors.Is(err, decode.ErrNotObject) {
		return errNotObject
	}
	return err
}

// fieldErrors returns one error for all problems of a request, nil where there are none.
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

// validateMeaning interprets the error of a Validate method. Field errors, also
// several that are joined, are problems of fields below the value. Any other *Error
// is returned as stop and becomes the answer. All other errors make the value itself
// invalid.
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
