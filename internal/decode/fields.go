package decode

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// object compiles a struct: its fields as JSON sees them, those of embedded
// structs included, with their rules.
func (c *compiler) object(n *node) error {
	n.kind = kindStruct
	n.object = &object{}
	found, err := c.fields(n)
	if err != nil {
		return err
	}
	n.object.fields = make([]field, len(found))
	for i, p := range found {
		if err := c.field(&n.object.fields[i], p); err != nil {
			return err
		}
	}
	n.validates = n.validator || len(n.object.embedded) > 0
	return nil
}

func (c *compiler) field(f *field, p promoted) (err error) {
	*f = field{name: p.name, quoted: quote(p.name), place: p.place}
	if f.node, err = c.below("."+p.name, p.typ); err != nil {
		return err
	}
	if p.quoted {
		f.node = inQuotes(f.node)
	}
	path := strings.Join(c.path, "") + "." + p.name
	c.rules = append(c.rules, func() error {
		c.path = []string{path}
		return c.tags(f, p.tag)
	})
	return nil
}

// inQuotes wraps a scalar, or what a pointer points to, for the option ",string".
func inQuotes(n *node) *node {
	wrapped := *n
	if n.kind == kindPointer {
		wrapped.elem = inQuotes(n.elem)
		return &wrapped
	}
	wrapped.kind, wrapped.elem = kindQuoted, n
	return &wrapped
}

// promoted is a field that a struct has for JSON, its own or an embedded struct's.
type promoted struct {
	place
	name   string
	tag    reflect.StructTag
	index  []int
	named  bool // by its tag
	quoted bool
}

// fields finds the fields of a struct, in their order, by the rules of
// encoding/json: of the fields of one name the least nested wins, then the one that
// has the name from its tag; where that leaves two, there is none.
func (c *compiler) fields(n *node) ([]promoted, error) {
	var all []promoted
	visited := map[reflect.Type]bool{}
	next := []promoted{{place: place{typ: n.typ}}}
	for len(next) > 0 {
		level := next
		next = nil
		times := map[reflect.Type]int{}
		for _, s := range level {
			times[s.typ]++
		}
		for _, s := range level {
			if visited[s.typ] {
				continue
			}
			visited[s.typ] = true
			own, structs, err := c.ownFields(s)
			if err != nil {
				return nil, err
			}
			for _, f := range own {
				all = append(all, f)
				if times[s.typ] > 1 {
					all = append(all, f) // twice at one level: they annihilate each other
				}
			}
			for _, e := range structs {
				next = append(next, e)
				if reflect.PointerTo(e.typ).Implements(validatorType) {
					n.object.embedded = append(n.object.embedded, e.place)
				}
			}
		}
	}
	slices.Reverse(n.object.embedded) // the inner ones first
	return c.dominant(all)
}

// ownFields are the fields of one struct, and the structs embedded in it.
func (c *compiler) ownFields(s promoted) (own, structs []promoted, err error) {
	for i := range s.typ.NumField() {
		sf := s.typ.Field(i)
		t := sf.Type
		pointer := t.Kind() == reflect.Pointer && t.Name() == ""
		if pointer {
			t = t.Elem()
		}
		tag, tagged := sf.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = ""
		}
		embeds := sf.Anonymous && t.Kind() == reflect.Struct && name == ""
		if why := outside(sf, embeds); why != "" {
			if err := c.idle(sf.Name, sf.Tag, why); err != nil {
				return nil, nil, err
			}
			continue
		}
		f := promoted{
			place: place{hops: s.hops, offset: s.offset + sf.Offset, typ: sf.Type},
			name:  cmp.Or(name, sf.Name),
			tag:   sf.Tag,
			index: append(slices.Clip(s.index), i),
			named: name != "",
		}
		if !embeds {
			f.quoted = tagged && slices.Contains(strings.Split(options, ","), "string") && scalar(t)
			own = append(own, f)
			continue
		}
		if err := c.embeddable(sf, pointer); err != nil {
			return nil, nil, err
		}
		if pointer {
			f.hops = append(slices.Clip(s.hops), hop{f.offset, t})
			f.offset = 0
		}
		f.typ = t
		structs = append(structs, f)
	}
	return own, structs, c.distinct(s.typ, own)
}

// outside says why a field has no part in JSON, where it has none.
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

// distinct refuses two fields of one name in one struct, of which encoding/json takes
// the tagged one or neither.
func (c *compiler) distinct(t reflect.Type, own []promoted) error {
	names := map[string]string{}
	for _, f := range own {
		name := t.Field(f.index[len(f.index)-1]).Name
		if before, twice := names[f.name]; twice {
			return c.fail("fields %s and %s have the same name in JSON, %q", before, name, f.name)
		}
		names[f.name] = name
	}
	return nil
}

// embeddable refuses an embedded struct that can't work.
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

// dominant leaves one field of each name, in the order of the struct. Fields that
// hide each other must not have rules, which would be hidden with them.
func (c *compiler) dominant(all []promoted) ([]promoted, error) {
	slices.SortStableFunc(all, func(a, b promoted) int {
		named := cmp.Compare(boolInt(b.named), boolInt(a.named))
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)), named)
	})
	var winners []promoted
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && all[end].name == all[i].name {
			end++
		}
		if end == i+1 || len(all[i].index) != len(all[i+1].index) || all[i].named != all[i+1].named {
			winners = append(winners, all[i])
		} else {
			for _, f := range all[i:end] {
				if err := c.idle(f.name, f.tag, "another embedded struct has a field of this name, and so neither is in JSON"); err != nil {
					return nil, err
				}
			}
		}
		i = end
	}
	slices.SortFunc(winners, func(a, b promoted) int { return slices.Compare(a.index, b.index) })
	return winners, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// validName says whether encoding/json takes the name in a json tag.
func validName(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return name != ""
}

// scalar says whether the option ",string" does anything for a type.
func scalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64:
		return true
	default:
		return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uintptr
	}
}

// prepare computes what depends on the fields and on the structs in them.
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
	if len(o.fields) > 8 {
		o.byName = make(map[string]int, len(o.fields))
		for i := range o.fields {
			o.byName[o.fields[i].name] = i
		}
	}
}

// hasDefault says whether an absent field gets a value: its own default, or one in
// the struct that it is.
func (f *field) hasDefault() bool {
	return f.fallback != nil || f.node.kind == kindStruct && f.node.object.hasDefault()
}

func (o *object) hasDefault() bool {
	for i := range o.fields {
		if o.fields[i].hasDefault() {
			o.defaults = true
		}
	}
	return o.defaults
}
