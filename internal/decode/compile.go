package decode

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// The kinds that only decoding has.
const (
	kindRaw           = fields.KindOwn + iota // json.RawMessage
	kindUnmarshalText                         // a type with UnmarshalText
	kindUnmarshalJSON
	kindFile // a file of a form, see Value.Files: no JSON
)

// The kinds of keys that a map can have.
const (
	keysText = iota // the type's own UnmarshalText reads them
	keysString
	keysInt
	keysUint
)

// node describes how to decode values of one type. All places where the type occurs in a
// request type share it, except those with the option ",string".
type node struct {
	kind       fields.Kind
	validates  bool  // the type or a struct embedded in it has Validate
	validator  bool  // the type has Validate
	noPointers bool  // its memory has no pointers
	keys       uint8 // of a map: keysText, keysString, keysInt or keysUint
	typ        reflect.Type
	size       uintptr
	length     int     // of an array
	elem       *node   // of a pointer, slice, array, map or nullable type; of fields.KindQuoted, what is in the quotes
	object     *object // of a struct
	nullable   *fields.Nullable
	schema     *rule.Schema
}

var (
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	validatorType       = reflect.TypeFor[validator]()
	rawType             = reflect.TypeFor[json.RawMessage]()
	anyMapType          = reflect.TypeFor[map[string]any]()
)

// Compile makes the plan of a request type: a struct, a map, any, a type with
// UnmarshalJSON, or a pointer to one of these. If meaning is nil, an error of a Validate
// method makes its value invalid.
//
// Compile returns an error, which names the field and the tag, for
//   - a type that a JSON object can't be decoded into,
//   - a type inside it that JSON has no values for, such as a func,
//   - two fields of one struct with the same name in JSON,
//   - a rule that is misspelt or does not apply to the type of its field,
//   - a rule on a field that no request can set,
//   - limits that no value can meet,
//   - a default that has the wrong type or breaks the rules of its field.
func Compile(t reflect.Type, meaning Meaning) (*Plan, error) {
	if t == nil {
		return nil, errors.New("decode: no type")
	}
	c := compiler{nodes: map[reflect.Type]*node{}}
	root, err := c.node(t)
	if err == nil {
		err = c.finish()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	object := root
	for object.kind == fields.KindPointer {
		object = object.elem
	}
	switch object.kind {
	case fields.KindStruct, fields.KindMap, fields.KindAnyMap, fields.KindAny, kindUnmarshalJSON:
		return &Plan{root: root, meaning: meaning}, nil
	default:
		return nil, fmt.Errorf("%s can never be a JSON object: a struct or apiphant.Object was expected", t)
	}
}

// compiler makes the nodes of a type and of the types in it.
type compiler struct {
	nodes    map[reflect.Type]*node
	path     []string       // of the type or field at hand, for messages
	rules    []func() error // compile the rules of a field, once all nodes are complete
	defaults []func() error // check the default of a field, once all rules are compiled
}

// fail returns an error with the path of the type or field at hand.
func (c *compiler) fail(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if path := strings.TrimPrefix(strings.Join(c.path, ""), "."); path != "" {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// below compiles t, the type of a field or of the elements of a type. step is what it adds
// to the path in errors: ".name" for a field, "[]" for a list, ".*" for a map.
func (c *compiler) below(step string, t reflect.Type) (*node, error) {
	c.path = append(c.path, step)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	return c.node(t)
}

func (c *compiler) node(t reflect.Type) (*node, error) {
	if n := c.nodes[t]; n != nil {
		return n, nil
	}
	n := &node{typ: t, size: t.Size(), noPointers: noPointers(t), schema: &rule.Schema{Type: t}}
	c.nodes[t] = n // before its parts, since a type may contain itself
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		n.validator = reflect.PointerTo(t).Implements(validatorType)
		n.validates = n.validator
	}
	switch n.kind = kindOf(t); n.kind {
	case kindUnmarshalJSON, kindUnmarshalText:
		return n, c.unseen(n)
	case fields.KindNullable:
		return n, c.nullable(n)
	case fields.KindStruct:
		return n, c.object(n)
	case fields.KindMap:
		return n, c.mapping(n)
	case fields.KindPointer:
		return n, c.pointer(n)
	case fields.KindSlice, fields.KindArray:
		return n, c.elements(n)
	case fields.KindInterface:
		return nil, c.fail("%s can't be decoded: an interface with methods doesn't say which type to make", t)
	case fields.KindNone:
		return nil, c.fail("%s is nothing that JSON has", t)
	}
	return n, nil
}

// noPointers reports whether values of a type contain no pointers, so that the garbage
// collector need not look into their memory.
func noPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if !noPointers(t.Field(i).Type) {
				return false
			}
		}
		return true
	case reflect.Array:
		return noPointers(t.Elem())
	default:
		return t.Kind() <= reflect.Complex128
	}
}

// kindOf returns the kind of a type. Its methods decide, unless it is a pointer or an
// interface, or one of the types that this package knows.
func kindOf(t reflect.Type) fields.Kind {
	switch k := fields.KindOf(t); {
	case t == rawType:
		return kindRaw
	case k == fields.KindNumber, k == fields.KindTime, k == fields.KindNullable, t.Kind() == reflect.Pointer, t.Kind() == reflect.Interface:
		return k
	case reflect.PointerTo(t).Implements(jsonUnmarshalerType):
		return kindUnmarshalJSON
	case reflect.PointerTo(t).Implements(textUnmarshalerType):
		return kindUnmarshalText
	case contentOf(t) >= 0:
		return kindFile
	default:
		return k
	}
}

func (c *compiler) nullable(n *node) (err error) {
	layout, _ := fields.NullableOf(n.typ)
	n.nullable, n.validator, n.validates = &layout, false, false
	n.elem, err = c.node(layout.Value.Type)
	return err
}

func (c *compiler) pointer(n *node) (err error) {
	t := n.typ
	for depth := 0; t.Kind() == reflect.Pointer; depth++ {
		if t = t.Elem(); depth == 8 {
			return c.fail("%s: too many pointers to pointers", n.typ)
		}
	}
	n.elem, err = c.node(n.typ.Elem())
	return err
}

func (c *compiler) elements(n *node) (err error) {
	elem := n.typ.Elem()
	n.elem, err = c.below("[]", elem)
	switch {
	case n.kind == fields.KindArray:
		n.length = n.typ.Len()
	case err == nil && n.elem.kind == fields.KindUint8:
		n.kind = fields.KindBytes
	}
	return err
}

func (c *compiler) mapping(n *node) (err error) {
	key := n.typ.Key()
	switch {
	case key.Kind() == reflect.String && !reflect.PointerTo(key).Implements(textUnmarshalerType):
		n.keys = keysString
	case reflect.PointerTo(key).Implements(textUnmarshalerType):
		n.keys = keysText
	case key.Kind() >= reflect.Int && key.Kind() <= reflect.Int64:
		n.keys = keysInt
	case key.Kind() >= reflect.Uint && key.Kind() <= reflect.Uintptr:
		n.keys = keysUint
	default:
		return c.fail("the keys of a JSON object are text, which can't become a %s", key)
	}
	n.elem, err = c.below(".*", n.typ.Elem())
	return err
}

// finish does what needs all nodes: it completes their schemas, compiles the rules,
// prepares the structs and checks the defaults. Each step needs the one before.
func (c *compiler) finish() error {
	for _, n := range c.nodes {
		n.describe()
	}
	for _, compile := range c.rules {
		if err := compile(); err != nil {
			return err
		}
	}
	for _, n := range c.nodes {
		if n.object != nil {
			n.object.prepare()
		}
	}
	for _, check := range c.defaults {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
