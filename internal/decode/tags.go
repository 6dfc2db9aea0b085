package decode

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// compileRules compiles the rules of a field's tag, and returns them as data.
func (c *compiler) compileRules(f *field, tag reflect.StructTag) (rule.Rules, error) {
	target := f.node // the rules are for what is behind pointers and quotes
	for target.kind == fields.KindPointer || target.kind == fields.KindQuoted || target.kind == fields.KindNullable {
		target = target.elem
	}
	rules, err := rule.Parse(tag, target.schema)
	if err != nil {
		return rules, c.fail("%w", err)
	}
	f.required = rules.Required
	if format := fields.Format(f.node.typ, tag); format != "" {
		if f.node = f.node.formatted(format); f.node == nil {
			return rules, c.fail("tag format:%q: json:\",string\" has the number in the quotes; leave one of the two out", format)
		}
	}
	if f.checks, err = f.node.checks(&rules); err != nil {
		return rules, c.fail("%w", err)
	}
	if rules.Default != nil {
		c.fallback(f, rules.Default, tag.Get("default"))
	}
	return rules, nil
}

// fallback sets the default of a field, and has it tried when all rules are compiled.
// text is what the tag says.
func (c *compiler) fallback(f *field, value json.RawMessage, text string) {
	for n := f.node; ; n = n.elem {
		if n.kind == fields.KindQuoted {
			value, _ = json.Marshal(string(value)) // text can always be written
		}
		if n.kind != fields.KindPointer {
			break
		}
	}
	f.fallback = value
	path := strings.Join(c.path, "")
	c.defaults = append(c.defaults, func() error {
		c.path = []string{path}
		v := reflect.New(f.node.typ)
		left := maxDefaults
		d := decoder{data: f.fallback, defaults: &left}
		switch ok := d.value(f.node, v.UnsafePointer(), d.peek()) && d.atEnd(); {
		case left < 0:
			return c.fail("tag default:%q: it contains itself, by the defaults of the fields in it", text)
		case !ok || d.found > 0:
			return c.fail("tag default:%q: JSON for a %s was expected", text, f.node.typ)
		case f.checks != nil && string(f.fallback) != "null":
			f.checks.run(&d, v.UnsafePointer())
			if d.found > 0 {
				return c.fail("tag default:%q: it breaks the field's own rules", text)
			}
		}
		return nil
	})
}

// maxDefaults is how many defaults of other fields a default may bring with it.
const maxDefaults = 1000

// idle refuses rules where no value from a request ever comes.
func (c *compiler) idle(name string, tag reflect.StructTag, why string) error {
	c.path = append(c.path, "."+name)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	key, err := rule.Restricting(tag)
	if err == nil && key != "" {
		return c.fail("tag %s: %s", key, why)
	}
	if err != nil {
		return c.fail("%w", err)
	}
	return nil
}

// unseen refuses rules in a struct that a method of its own reads: the decoder never
// looks at its fields. So does a struct that embeds a type with such a method, which
// is easily overlooked.
func (c *compiler) unseen(n *node) error {
	if n.typ.Kind() != reflect.Struct || n.kind != kindUnmarshalJSON && n.kind != kindUnmarshalText {
		return nil
	}
	method := "UnmarshalJSON"
	if n.kind == kindUnmarshalText {
		method = "UnmarshalText"
	}
	why := fmt.Sprintf("%s has an %s, which reads the value in place of the rules", n.typ, method)
	for _, e := range embeddedIn(n.typ) {
		if e.Type.Kind() != reflect.Interface && reflect.PointerTo(fields.Deref(e.Type)).Implements(n.unmarshaler()) {
			why = fmt.Sprintf("%s has the %s of the embedded %s, which reads the value in place of the rules. Give %[3]s a field of its own, "+
				"or embed only its fields: type Fields %[3]s, which has no methods", n.typ, method, fields.Deref(e.Type))
			break
		}
	}
	return c.unseenIn(n.typ, why, map[reflect.Type]bool{})
}

func (n *node) unmarshaler() reflect.Type {
	if n.kind == kindUnmarshalText {
		return textUnmarshalerType
	}
	return jsonUnmarshalerType
}

func (c *compiler) unseenIn(t reflect.Type, why string, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	for i := range t.NumField() {
		sf := t.Field(i)
		if err := c.idle(sf.Name, sf.Tag, why); err != nil {
			return err
		}
		if inner := fields.Deref(sf.Type); sf.Anonymous && inner.Kind() == reflect.Struct {
			if err := c.unseenIn(inner, why, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// embeddedIn returns the fields of a struct that are embedded.
func embeddedIn(t reflect.Type) (list []reflect.StructField) {
	for i := range t.NumField() {
		if sf := t.Field(i); sf.Anonymous {
			list = append(list, sf)
		}
	}
	return list
}
