package decode

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

// object compiles a struct: its fields in JSON, including those of embedded structs,
// and their rules.
func (c *compiler) object(n *node) error {
	n.object = &object{}
	found, err := c.fields(n)
	if err != nil {
		return err
	}
	n.object.fields = make([]field, len(found))
	n.schema.Fields = make([]rule.Field, len(found))
	for i, p := range found {
		if err := c.field(&n.object.fields[i], &n.schema.Fields[i], p); err != nil {
			return err
		}
	}
	n.validates = n.validator || len(n.object.embedded) > 0
	return nil
}

func (c *compiler) field(f *field, described *rule.Field, p promoted) (err error) {
	*f = field{name: p.Name, quoted: quote(p.Name), place: p.place()}
	if f.node, err = c.below("."+p.Name, p.Type); err != nil {
		return err
	}
	*described = rule.Field{Name: p.Name, GoName: p.goName, Owner: p.owner, Schema: f.node.schema, Quoted: p.quoted}
	if p.quoted {
		f.node = inQuotes(f.node)
	}
	path := strings.Join(c.path, "") + "." + p.Name
	c.rules = append(c.rules, func() error {
		c.path = []string{path}
		described.Rules, err = c.compileRules(f, p.tag)
		return err
	})
	return nil
}

// inQuotes returns the node of a field whose json tag has the option ",string": JSON has
// the scalar of node n in quotes. If n is a pointer, the value that it points to is in
// quotes.
func inQuotes(n *node) *node {
	wrapped := *n
	if n.kind == fields.KindPointer {
		wrapped.elem = inQuotes(n.elem)
		return &wrapped
	}
	wrapped.kind, wrapped.elem = fields.KindQuoted, n
	return &wrapped
}

// promoted is a field of a struct or of a struct embedded in it.
type promoted struct {
	fields.Field
	owner  reflect.Type // the struct that declares it
	goName string
	hops   []hop
	offset uintptr
	tag    reflect.StructTag
	quoted bool
}

func (p *promoted) place() place { return place{p.hops, p.offset, p.Type} }

// fields returns the fields of a struct in JSON. Fields that are hidden by others, or
// hide each other, must have no rules, since these would have no effect.
func (c *compiler) fields(n *node) ([]promoted, error) {
	var validators []promoted
	found, hidden, err := fields.Promote(promoted{Field: fields.Field{Type: n.typ}}, func(s promoted) (own, embedded []promoted, err error) {
		own, embedded, err = c.ownFields(s)
		for _, e := range embedded {
			if reflect.PointerTo(e.Type).Implements(validatorType) {
				validators = append(validators, e)
			}
		}
		return own, embedded, err
	})
	if err != nil {
		return nil, err
	}
	n.object.validators(promoted{Field: fields.Field{Type: n.typ}}, validators)
	for _, f := range hidden {
		why := "another embedded struct has a field of this name, and so neither is in JSON"
		for _, nearer := range found {
			if nearer.Name != f.Name {
				continue
			}
			if key, _ := rule.Restricting(nearer.tag); key != "" {
				why = "" // who says something about the nearer field knows of the other
				break
			}
			why = fmt.Sprintf("%s.%s hides the field, so that no request comes to it; give that one the tag, or required:\"false\" if it needs none", nearer.owner, nearer.goName)
		}
		if why == "" {
			continue
		}
		if err := c.idle(f.owner.String()+"."+f.goName, f.tag, why); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ownFields returns the fields of one struct, and the structs embedded in it.
func (c *compiler) ownFields(s promoted) (own, embedded []promoted, err error) {
	for i := range s.Type.NumField() {
		sf := s.Type.Field(i)
		t := fields.Deref(sf.Type)
		name, options := fields.Tag(sf.Tag.Get("json"))
		embeds := sf.Anonymous && t.Kind() == reflect.Struct && name == ""
		if why := outside(sf, embeds); why != "" {
			if err := c.idle(sf.Name, sf.Tag, why); err != nil {
				return nil, nil, err
			}
			continue
		}
		f := promoted{
			Field:  fields.Field{Name: cmp.Or(name, sf.Name), Named: name != "", Index: append(slices.Clip(s.Index), i), Type: sf.Type},
			owner:  s.Type,
			goName: sf.Name,
			hops:   s.hops,
			offset: s.offset + sf.Offset,
			tag:    sf.Tag,
		}
		if !embeds {
			f.quoted = slices.Contains(options, "string") && fields.CanQuote(sf.Type)
			own = append(own, f)
			continue
		}
		pointer := t != sf.Type
		if err := c.embeddable(sf, pointer); err != nil {
			return nil, nil, err
		}
		if pointer {
			f.hops = append(slices.Clip(s.hops), hop{f.offset, t})
			f.offset = 0
		}
		f.Type = t
		embedded = append(embedded, f)
	}
	return own, embedded, c.distinct(s.Type, own)
}

// outside returns the reason why a field is not in JSON, or "" if it is.
func outside(sf reflect.StructField, embeds bool) string {
	switch {
	case sf.Tag.Get("json") == "-":
		return `json:"-" keeps it out of requests`
	case !sf.IsExported() && !embeds:
		return "the field is not exported, so that no request can set it"
	default:
		return ""
	}
}

// distinct returns an error if two fields of one struct have the same name in JSON.
// encoding/json silently ignores one of them, or both.
func (c *compiler) distinct(t reflect.Type, own []promoted) error {
	names := map[string]string{}
	for _, f := range own {
		name := t.Field(f.Index[len(f.Index)-1]).Name
		if before, twice := names[f.Name]; twice {
			return c.fail("fields %s and %s have the same name in JSON, %q", before, name, f.Name)
		}
		names[f.Name] = name
	}
	return nil
}

// embeddable returns an error if an embedded struct can't be decoded.
func (c *compiler) embeddable(sf reflect.StructField, pointer bool) error {
	err := c.idle(sf.Name, sf.Tag, "an embedded struct has no place of its own in JSON; give its fields the tag")
	if err != nil {
		return err
	}
	c.path = append(c.path, "."+sf.Name)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	if pointer && !sf.IsExported() {
		return c.fail("an embedded pointer to a type that is not exported can't be set; embed the struct itself")
	}
	return nil
}

// prepare is called when all nodes and rules are compiled. It sets byName, and which fields
// need no check or only one after decoding, and which need something done if they are
// absent. The structs in o may not be prepared yet.
func (o *object) prepare() {
	o.absent = make([]uint64, (len(o.fields)+63)/64)
	for i := range o.fields {
		if f := &o.fields[i]; !f.node.validates {
			f.plain = f.checks == nil
			f.only = f.checks.only()
		}
		if o.fields[i].required || o.fields[i].hasDefault() {
			o.absent[i>>6] |= 1 << (i & 63)
		}
	}
	o.byName = make(map[string]int, len(o.fields))
	for i := range o.fields {
		o.byName[o.fields[i].name] = i
	}
}

// hasDefault reports whether the field gets a value if it is absent: it has a default, or
// it is a struct that has a field with one.
func (f *field) hasDefault() bool {
	return f.fallback != nil || f.node.kind == fields.KindStruct && f.node.object.hasDefault()
}

// hasDefault reports whether a field of the struct has a default, also in structs below it
// but not behind pointers. It stores the answer in o.defaults.
func (o *object) hasDefault() bool {
	for i := range o.fields {
		if o.fields[i].hasDefault() {
			o.defaults = true
		}
	}
	return o.defaults
}
