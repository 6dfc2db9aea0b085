package apiphant

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/apiphant/apiphant/internal/encode"
)

// answer is the JSON object that a call is answered with. Answers are pooled.
type answer struct {
	buffer  bytes.Buffer
	encoder encode.Encoder
	status  int         // 0: 200
	header  http.Header // nil: none but those of the call
}

var (
	emptyObject = []byte("{}")
	null        = []byte("null")
)

// maxPooledAnswer is the size in bytes above which a buffer is not pooled: otherwise
// one large answer would hold its memory for ever. [Door.Answer] promises that to doors.
const maxPooledAnswer = 1 << 20

var answers = sync.Pool{New: func() any {
	a := new(answer)
	a.encoder = encode.NewEncoder(&a.buffer)
	return a
}}

func newAnswer() *answer { return answers.Get().(*answer) }

func (a *answer) release() {
	if a.buffer.Cap() > maxPooledAnswer {
		return
	}
	a.reset()
	answers.Put(a)
}

func (a *answer) reset() {
	a.buffer.Reset()
	a.status, a.header = 0, nil
}

// encode replaces the answer by response. The keys of maps are sorted, the fields of
// structs are in their order, and HTML characters are not escaped. Nil is the empty
// object.
func (a *answer) encode(response any) error {
	a.reset()
	if response == nil {
		return nil
	}
	if object, ok := response.(Object); ok {
		response = map[string]any(object) // which the encoder knows
	}
	return a.end(a.encoder.Encode(response), reflect.TypeOf(response))
}

// encodePointer is encode of the response that response points to.
func (a *answer) encodePointer(plan *encode.Plan, response any) error {
	a.reset()
	return a.end(a.encoder.EncodePointer(plan, response), plan.Type())
}

// end returns an error where a response was not encoded, or not as an object.
func (a *answer) end(err error, response reflect.Type) error {
	if err != nil {
		a.buffer.Reset()
		return fmt.Errorf("the response of type %s can't be encoded: %w", response, err)
	}
	if encoded := a.buffer.Bytes(); !bytes.HasPrefix(encoded, []byte("{")) && !bytes.Equal(bytes.TrimSpace(encoded), null) {
		a.buffer.Reset()
		return fmt.Errorf("the response of type %s is not a JSON object", response)
	}
	return nil
}

// add adds a response to those that the answer has, each on a line of its own.
// response points to a value of the plan's type; without a plan it is the response.
func (a *answer) add(plan *encode.Plan, response any) (err error) {
	start, t := a.buffer.Len(), reflect.TypeOf(response)
	switch object, isObject := response.(Object); {
	case plan != nil:
		t, err = plan.Type(), a.encoder.EncodePointer(plan, response)
	case isObject:
		err = a.encoder.Encode(map[string]any(object))
	default:
		err = a.encoder.Encode(response)
	}
	if err != nil {
		return fmt.Errorf("the row of type %s can't be encoded: %w", t, err)
	}
	switch row := a.buffer.Bytes()[start:]; {
	case bytes.HasPrefix(row, []byte("{")):
	case bytes.Equal(bytes.TrimSpace(row), null):
		a.buffer.Truncate(start)
		a.buffer.WriteString("{}\n")
	default:
		return fmt.Errorf("the row of type %s is not a JSON object", t)
	}
	return nil
}

// bytes returns the object, which is valid until the next encode or release.
func (a *answer) bytes() []byte {
	if a == nil {
		return emptyObject
	}
	encoded := bytes.TrimSuffix(a.buffer.Bytes(), []byte("\n"))
	if len(encoded) == 0 || bytes.Equal(encoded, null) {
		return emptyObject
	}
	return encoded
}

// encoder encodes responses of the type R.
type encoder[R any] struct {
	plan      *encode.Plan // nil: R is Object, or an interface
	describes bool         // R has a status or headers of its own
	room      sync.Pool    // of *R: the plan needs a pointer, and a new one would be an allocation a call
}

func encoderOf[R any]() *encoder[R] {
	t := reflect.TypeFor[R]()
	if t == reflect.TypeFor[Object]() || t.Kind() == reflect.Interface {
		return &encoder[R]{}
	}
	return &encoder[R]{plan: encode.Compile(t), describes: describes(t), room: sync.Pool{New: func() any { return new(R) }}}
}

// answer is [Call.Answer] with a plan that was compiled before.
func (e *encoder[R]) answer(call *Call, response R) error {
	if e.plan == nil {
		return call.Answer(response)
	}
	room := e.room.Get().(*R)
	*room = response
	err := call.answered().encodePointer(e.plan, room)
	if err == nil && e.describes {
		err = call.answer.describe(response)
	}
	var zero R
	*room = zero
	e.room.Put(room)
	return err
}

// add adds a row to an answer.
func (e *encoder[R]) add(a *answer, row *R) error {
	if e.plan == nil {
		return a.add(nil, *row)
	}
	return a.add(e.plan, row)
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// checkResponse refuses the types that can never be encoded as a JSON object.
func checkResponse(t reflect.Type) error {
	switch {
	case t.Kind() == reflect.Interface, t.Implements(jsonMarshaler), reflect.PointerTo(t).Implements(jsonMarshaler):
		return nil // only a value can tell
	case t.Implements(textMarshaler):
		return fmt.Errorf("the response %s is text in JSON: want an object: apiphant.Object, a struct, a pointer to one, or any", t)
	case t.Kind() == reflect.Pointer:
		return checkResponse(t.Elem())
	case t.Kind() != reflect.Struct && t.Kind() != reflect.Map:
		return fmt.Errorf("the response %s can't be a JSON object: want apiphant.Object, a struct, a pointer to one, or any", t)
	}
	return checkEncodable(t)
}

// checkEncodable encodes a zero value. That fails where the type has fields that can
// never be encoded, such as channels and functions.
func checkEncodable(t reflect.Type) (err error) {
	defer func() { _ = recover() }() // of a MarshalJSON that can't take a zero value
	if _, err := encode.Marshal(reflect.New(t).Interface()); encode.Unsupported(err) {
		return fmt.Errorf("the response %s can't be encoded: %w", t, err)
	}
	return nil
}
