package decode

import (
	"encoding/json"
	"strconv"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// refuse adds an invalid value, with one word of JSON Schema that says what was
// expected.
func (d *decoder) refuse(word string, expected any) {
	d.add(Problem{State: Invalid, Explain: map[string]any{word: expected}})
}

// wrongType adds a value that is of another type in JSON than the node's.
func (d *decoder) wrongType(n *node) {
	if name := n.typeName(); name != "" {
		d.refuse("type", name)
		return
	}
	d.invalid()
}

// typeName returns JSON Schema's name of the node's type, "" where it may be of several.
func (n *node) typeName() string {
	switch n.kind {
	case fields.KindPointer, fields.KindNullable:
		return n.elem.typeName()
	case fields.KindQuoted, fields.KindDate, fields.KindDuration:
		return rule.Text.String()
	default:
		return n.schemaKind().String()
	}
}

// outOfRange adds a number that is too large, or too small, for the Go type of the kind.
func (d *decoder) outOfRange(k fields.Kind, negative bool) {
	least, most := "0", ""
	switch {
	case k == fields.KindFloat32:
		most = "3.4028234663852886e38"
		least = "-" + most
	case k == fields.KindFloat64:
		most = "1.7976931348623157e308"
		least = "-" + most
	case k >= fields.KindUint8:
		most = strconv.FormatUint(maxUint[k-fields.KindUint8], 10)
	default:
		most = strconv.FormatUint(maxInt[k-fields.KindInt8], 10)
		least = "-" + strconv.FormatUint(maxInt[k-fields.KindInt8]+1, 10)
	}
	if negative {
		d.refuse("minimum", json.Number(least))
	} else {
		d.refuse("maximum", json.Number(most))
	}
}

// wrongQuoted adds a string without what the node has in quotes. inner is what was
// found wrong with the value in them.
func (d *decoder) wrongQuoted(n *node, inner []problem) {
	if len(inner) > 0 {
		if explanation, ok := inner[0].Explain.(map[string]any); ok && explanation["type"] == nil { // out of range
			d.add(inner[0].Problem)
			return
		}
	}
	switch k := n.elem.kind; {
	case k <= fields.KindUint64:
		d.refuse("pattern", `^-?(0|[1-9][0-9]*)$`)
	case k == fields.KindFloat32, k == fields.KindFloat64, k == fields.KindNumber:
		d.refuse("pattern", `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	case k == fields.KindBool:
		d.refuse("enum", []any{"true", "false"})
	default:
		d.refuse("contentMediaType", "application/json") // a string in quotes
	}
}

// wrongTime adds a text that is not in the node's format.
func (d *decoder) wrongTime(n *node) {
	switch n.kind {
	case fields.KindTime:
		d.refuse("format", "date-time")
	case fields.KindDate:
		d.refuse("format", "date")
	default:
		d.refuse("format", "duration")
	}
}

// wrongKey adds a member whose key a map can't have.
func (d *decoder) wrongKey(n *node) {
	switch n.keys {
	case keysInt:
		d.refuse("propertyNames", map[string]any{"pattern": "^-?[0-9]+$"})
	case keysUint:
		d.refuse("propertyNames", map[string]any{"pattern": "^[0-9]+$"})
	default:
		d.invalid()
	}
}
