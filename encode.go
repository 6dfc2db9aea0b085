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

// answer is the JSON object that a call is answered with, in a buffer that is
// used again for later calls.
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

// maxPooledAnswer keeps one large answer from holding its memory for ever.
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

// encode writes response in place of what was there. The keys of maps are
// sorted, the fields of structs in their order, and HTML characters stand for
// themselves. Nil is the empty object.
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

// end tells of a response that was not encoded as an object.
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

// encoder answers calls with the responses of one type.
type encoder[R any] struct {
	plan      *encode.Plan // nil: R is Object, or an interface
	describes bool         // R has a status or headers of its own
	room      sync.Pool    // of *R, since what an answer is encoded from must be in the heap
}

func encoderOf[R any]() *encoder[R] {
	t := reflect.TypeFor[R]()
	if t == reflect.TypeFor[Object]() || t.Kind() == reflect.Interface {
		return &encoder[R]{}
	}
	return &encoder[R]{plan: encode.Compile(t), describes: describes(t), room: sync.Pool{New: func() any { return new(R) }}}
}

// answer is [Call.Answer], by a plan that was made before.
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

// checkEncodable encodes a zero value, which tells of fields that no value of
// the type could ever be encoded with, such as channels and functions.
func checkEncodable(t reflect.Type) (err error) {
	defer func() { _ = recover() }() // a MarshalJSON that a zero value is too little for
	if _, err := encode.Marshal(reflect.New(t).Interface()); encode.Unsupported(err) {
		return fmt.Errorf("the response %s can't be encoded: %w", t, err)
	}
	return nil
}
