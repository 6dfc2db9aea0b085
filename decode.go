package apiphant

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/apiphant/apiphant/internal/decode"
)

// decoder decodes requests of the type T.
type decoder[T any] struct {
	plan, strict *decode.Plan    // nil: T is Object
	files        map[string]bool // the fields that are files; nil: none is
	err          error           // why T can't be a request
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
	files, err := filesOf(plan.Schema())
	return decoder[T]{plan: plan, strict: plan.Strict(), files: files, err: err}
}

// shape returns the shape of a function that takes a T.
func (d decoder[T]) shape() shape {
	if d.plan == nil { // an Object, or what can't be a request
		return shape{request: reflect.TypeFor[T]()}
	}
	return shape{request: reflect.TypeFor[T](), schema: d.plan.Schema(), takes: d.plan.Takes, files: d.files}
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
	case call.form != nil:
		problems, err = d.decodeForm(call, request)
	case call.match.further != nil:
		problems, err = d.decodeFurther(call, request, object)
	case isObject && call.strict:
		*object, problems, err = decode.StrictObject(call.body)
	case isObject:
		*object, err = decode.Object(call.body)
	default:
		problems, err = d.planFor(call).Decode(call.body, request)
	}
	switch {
	case err == nil:
		return fieldErrors(problems)
	case call.form != nil:
		return requestError(err, call.form.object)
	}
	return requestError(err, call.body)
}

// decodeFurther is decode for a request to a further address, whose path and query
// have values, too. object is request where T is Object, else nil.
func (d decoder[T]) decodeFurther(call *Call, request *T, object *Object) ([]decode.Problem, error) {
	values, body, err := call.parameters()
	switch {
	case err != nil:
		return nil, err
	case object != nil:
		var problems []decode.Problem
		*object, problems, err = decode.ObjectWith(body, values, call.strict)
		return problems, err
	default:
		return d.planFor(call).DecodeWith(body, values, request)
	}
}

// planFor returns the plan by which a call's request is decoded.
func (d decoder[T]) planFor(call *Call) *decode.Plan {
	if call.strict {
		return d.strict
	}
	return d.plan
}

// requestError returns the error for a body that was not decoded.
func requestError(err error, body []byte) error {
	if !errors.Is(err, decode.ErrNotObject) {
		return err
	}
	refused := &Error{Status: http.StatusBadRequest, Detail: "Request content should be JSON Object"}
	if offset, reason := decode.Fault(body); reason != "" {
		refused.Err = &bodyError{offset, reason}
	}
	return refused
}

// bodyError says where a body is no JSON, and why. It repeats nothing of the body.
type bodyError struct {
	offset int // how many bytes are before the place
	reason string
}

func (e *bodyError) Error() string {
	return fmt.Sprintf("the body at offset %d: %s", e.offset, e.reason)
}

// DecodeRequest decodes a JSON object into a T as the body of a typed request is: by
// the tags of T, with its Validate methods, and with the same errors. Decode of package
// validation is made of it, and has the contract. below is put before the paths of
// fields; "" for none.
func DecodeRequest[T any](raw []byte, below string) (T, error) {
	var request, none T
	plan, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		return none, err
	}
	problems, err := plan.Decode(raw, &request)
	if err != nil {
		if below != "" && errors.Is(err, decode.ErrNotObject) {
			problems, err = []decode.Problem{{State: decode.Invalid, Explain: map[string]any{"type": "object"}}}, nil
		} else {
			err = requestError(err, raw)
		}
	}
	if err == nil && below != "" {
		for i := range problems {
			problems[i].Path = joinPath(below, problems[i].Path)
		}
	}
	if err == nil {
		err = fieldErrors(problems)
	}
	if err != nil {
		return none, err
	}
	return request, nil
}

// joinPath returns the path of a field that has path below another.
func joinPath(below, path string) string {
	if path == "" || path[0] == '[' {
		return below + path
	}
	return below + "." + path
}

// planOf returns the plan of a type, which is compiled once.
func planOf(t reflect.Type) (*decode.Plan, error) {
	if known, ok := plans.Load(t); ok {
		return known.(*decode.Plan), nil
	}
	plan, err := decode.Compile(t, validateMeaning)
	if err != nil {
		return nil, err
	}
	known, _ := plans.LoadOrStore(t, plan)
	return known.(*decode.Plan), nil
}

// plans caches the plans of [DecodeRequest], as encoding/json caches what it knows of a
// type: [DecodeRequest] has no value that could hold the plan from call to call. A plan
// never changes, and a program has no more of them than types.
var plans sync.Map // of *decode.Plan by reflect.Type
