package decode

import (
	"reflect"

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
	} else if n.kind == kindAnyMap {
		n.schema.Elem = anySchema
	}
}

func (n *node) schemaKind() rule.Kind {
	switch n.kind {
	case kindBool:
		return rule.Boolean
	case kindFloat32, kindFloat64, kindNumber:
		return rule.Number
	case kindString:
		return rule.Text
	case kindStruct:
		return rule.Struct
	case kindSlice:
		return rule.List
	case kindPointer:
		return rule.Pointer
	case kindNullable:
		if n.nullable.MayAbsent {
			return rule.Optional
		}
		return rule.Pointer
	case kindTime:
		return rule.Timestamp
	case kindAnyMap, kindMap:
		return rule.Map
	case kindAny, kindRaw:
		return rule.Any
	case kindBytes:
		return rule.Bytes
	case kindArray:
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
