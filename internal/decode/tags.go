package decode

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// compileRules compiles the rules of a field's tag, and returns them as data.
func (c *compiler) compileRules(f *field, tag reflect.StructTag) (rule.Rules, error) {
	target := f.node // the rules are for what is behind pointers and quotes
	for target.kind == kindPointer || target.kind == kindQuoted || target.kind == kindNullable {
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
		if n.kind == kindQuoted {
			value, _ = json.Marshal(string(value)) // text can always be written
		}
		if n.kind != kindPointer {
			break
		}
	}
	f.fallback = value
	path := strings.Join(c.path, "")
	c.defaults = append(c.defaults, func() error {
		c.path = []string{path}
		v := reflect.New(f.node.typ)
		d := decoder{data: f.fallback}
		switch ok := d.value(f.node, v.UnsafePointer(), d.peek()) && d.atEnd(); {
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
