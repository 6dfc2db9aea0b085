package decode

import (
	"reflect"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// Schema returns what the plan's type is in JSON, with the rules of all its fields.
// The caller must not change it.
func (p *Plan) Schema() *rule.Schema { return p.root.schema }

// anySchema is the schema of the members of an object of plain values.
var anySchema = &rule.Schema{Type: reflect.TypeFor[any]()}

// describe completes the schema of a type whose node is complete.
func (n *node) describe() {
	n.schema.Kind = n.schemaKind()
	if n.elem != nil {
		n.schema.Elem = n.elem.schema
	} else if n.kind == fields.KindAnyMap {
		n.schema.Elem = anySchema
	}
}

func (n *node) schemaKind() rule.Kind {
	switch n.kind {
	case fields.KindBool:
		return rule.Boolean
	case fields.KindFloat32, fields.KindFloat64, fields.KindNumber:
		return rule.Number
	case fields.KindString:
		return rule.Text
	case fields.KindStruct:
		return rule.Struct
	case fields.KindSlice:
		return rule.List
	case fields.KindPointer:
		return rule.Pointer
	case fields.KindNullable:
		if n.nullable.MayAbsent {
			return rule.Optional
		}
		return rule.Pointer
	case fields.KindTime:
		return rule.Timestamp
	case fields.KindAnyMap, fields.KindMap:
		return rule.Map
	case fields.KindAny, kindRaw:
		return rule.Any
	case fields.KindBytes:
		return rule.Bytes
	case fields.KindArray:
		return rule.Array
	case kindUnmarshalText:
		return rule.OwnText
	case kindUnmarshalJSON:
		return rule.Own
	case kindFile:
		return rule.File
	default:
		return rule.Integer
	}
}
