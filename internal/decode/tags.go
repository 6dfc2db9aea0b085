package decode

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/apiphant/apiphant/internal/rule"
)

// tagged is a tag of a field while its rules are being compiled.
type tagged struct {
	*compiler
	field  *field
	target *node // what the rules are for: behind pointers and quotes
	checks checks
	bounds *rule.Bounds
	least  *int // how long it is at least and at most, or nil
	most   *int
}

// words are the tags that are ours, and what reads them.
var words = map[string]func(t *tagged, value string) error{
	"required":         (*tagged).required,
	"default":          nil, // last, since it must keep to the others
	"minimum":          (*tagged).minimum,
	"exclusiveMinimum": (*tagged).exclusiveMinimum,
	"maximum":          (*tagged).maximum,
	"exclusiveMaximum": (*tagged).exclusiveMaximum,
	"multipleOf":       (*tagged).multipleOf,
	"minLength":        (*tagged).minLength,
	"maxLength":        (*tagged).maxLength,
	"minItems":         (*tagged).minItems,
	"maxItems":         (*tagged).maxItems,
	"uniqueItems":      (*tagged).uniqueItems,
	"pattern":          (*tagged).pattern,
	"format":           (*tagged).format,
	"enum":             (*tagged).enum,
	"doc":              nil,
	"example":          nil,
	"deprecated":       nil,
}

// missing are words of JSON Schema that someone may count on and that we don't have.
var missing = map[string]bool{
	"minProperties": true, "maxProperties": true, "const": true, "contains": true,
	"dependentRequired": true, "propertyNames": true, "patternProperties": true,
}

// tags compiles the rules of a field.
func (c *compiler) tags(f *field, tag reflect.StructTag) error {
	keys, ok := tagKeys(string(tag))
	if !ok {
		return c.fail("malformed tags %s: key:\"value\" pairs with a space between them were expected", tag)
	}
	t := &tagged{compiler: c, field: f, target: f.node}
	for t.target.kind == kindPointer || t.target.kind == kindQuoted {
		if t.target.kind == kindPointer {
			t.checks.pointers++
		}
		t.target = t.target.elem
	}
	for _, key := range keys {
		value := tag.Get(key)
		read, ours := words[key]
		if !ours {
			if err := c.notOurs(key); err != nil {
				return err
			}
		} else if read != nil {
			if err := read(t, value); err != nil {
				return c.fail("tag %s:%q: %w", key, value, err)
			}
		}
	}
	if !t.possible() {
		return c.fail("no %s keeps to %s", t.target.typ, limits(keys, tag))
	}
	if t.checks.whole != nil || t.checks.each != nil {
		f.checks = &t.checks
	}
	if value, ok := tag.Lookup("default"); ok {
		return t.fallback(value)
	}
	return nil
}

// possible says whether the limits leave any value.
func (t *tagged) possible() bool {
	switch k := t.target.kind; {
	case t.least != nil && t.most != nil && *t.least > *t.most:
		return false
	case t.bounds == nil:
		return true
	case k <= kindInt64:
		return t.bounds.LeaveInt()
	case k <= kindUint64:
		return t.bounds.LeaveUint()
	default:
		return t.bounds.LeaveDecimal()
	}
}

// limits are the tags that limit numbers or lengths, for messages.
func limits(keys []string, tag reflect.StructTag) string {
	var list []string
	for _, key := range keys {
		if word := strings.ToLower(key); words[key] != nil && (strings.Contains(word, "min") || strings.Contains(word, "max")) {
			list = append(list, fmt.Sprintf("%s:%q", key, tag.Get(key)))
		}
	}
	return strings.Join(list, " ")
}

// idle refuses rules where no value from a request ever comes.
func (c *compiler) idle(name string, tag reflect.StructTag, why string) error {
	c.path = append(c.path, "."+name)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	keys, _ := tagKeys(string(tag))
	for _, key := range keys {
		switch read, ours := words[key]; {
		case !ours:
			if err := c.notOurs(key); err != nil {
				return err
			}
		case read != nil || key == "default":
			return c.fail("tag %s: %s", key, why)
		}
	}
	return nil
}

// notOurs refuses a key that only looks like one of ours: it would be passed over in
// silence, and the field with it.
func (c *compiler) notOurs(key string) error {
	if missing[key] {
		return c.fail("tag %s: there is no such rule; a method Validate() error can check it", key)
	}
	if word := meant(key); word != "" {
		return c.fail("tag %s: there is no such rule; did you mean %s?", key, word)
	}
	return nil
}

// tagKeys lists the keys of a struct tag, and whether it is a well-formed one.
func tagKeys(tag string) (keys []string, ok bool) {
	for tag = strings.TrimLeft(tag, " "); tag != ""; tag = strings.TrimLeft(tag, " ") {
		key, rest, _ := strings.Cut(tag, ":")
		if key == "" || strings.ContainsAny(key, " \"") || !strings.HasPrefix(rest, `"`) {
			return nil, false
		}
		value, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, false
		}
		keys = append(keys, key)
		tag = rest[len(value):]
	}
	return keys, true
}

// fallback compiles the default: JSON, or the bare text where the field is text.
func (t *tagged) fallback(value string) error {
	text := value
	switch t.target.kind {
	case kindString, kindUnmarshalText, kindBytes:
		text = quoteJSON(value)
	case kindUnmarshalJSON:
		if !json.Valid([]byte(value)) {
			text = quoteJSON(value)
		}
	}
	for n := t.field.node; ; n = n.elem {
		if n.kind == kindQuoted {
			text = quoteJSON(text)
		}
		if n.kind != kindPointer {
			break
		}
	}
	f := t.field
	f.fallback = []byte(text)
	path := strings.Join(t.path, "")
	t.defaults = append(t.defaults, func() error {
		t.path = []string{path}
		v := reflect.New(f.node.typ)
		d := decoder{data: f.fallback}
		switch ok := d.value(f.node, v.UnsafePointer(), d.peek()) && d.atEnd(); {
		case !ok || d.found > 0:
			return t.fail("tag default:%q: JSON for a %s was expected", value, f.node.typ)
		case f.checks != nil && string(f.fallback) != "null":
			f.checks.run(&d, v.UnsafePointer())
			if d.found > 0 {
				return t.fail("tag default:%q: it breaks the field's own rules", value)
			}
		}
		return nil
	})
	return nil
}

func quoteJSON(text string) string {
	quoted, _ := json.Marshal(text) // text can always be written
	return string(quoted)
}
