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
	plan *decode.Plan // nil: T is Object
	err  error
}

func decoderOf[T any]() decoder[T] {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[Object]() {
		return decoder[T]{}
	}
	plan, err := decode.Compile(t)
	return decoder[T]{plan: plan, err: err}
}

// decode fills request, or tells all that is wrong with the body.
func (d decoder[T]) decode(body []byte, request *T) error {
	if object, ok := any(request).(*Object); ok {
		values, err := decode.Object(body)
		*object = values
		return requestError(err)
	}
	problems, err := d.plan.Decode(body, request)
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

func fieldErrors(problems []decode.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	details := make([]any, len(problems))
	for i, p := range problems {
		details[i] = FieldError{Field: p.Path, State: p.State, Explain: p.Explain}
	}
	return &Error{Status: http.StatusBadRequest, Detail: details[0], Errors: details}
}
