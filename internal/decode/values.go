package decode

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/parameter"
)

// Value is what a request says of one field outside of its body: in its path, its
// query or a form. It is copied: neither the name nor the texts are kept.
type Value struct {
	Name  string
	Texts []string // more than one where the name came more than once
	Files []any    // in place of texts: pointers to values of the type of the field, or nil where it is for no file
}

// DecodeWith is [Plan.Decode] of a body and values. A value is a member of the request
// by its name: it counts for required fields and defaults, and the rules apply to it. It
// wins over the body's member of that name, of which nothing remains then, and over
// later values of that name. A name that the type has no field for is ignored.
//
// A field takes its text by its type: text as it is; 42, true and 1.5e3 as JSON has
// them, without quotes, also for a [json.Number] and with the option ",string"; base64
// for []byte; a type with UnmarshalText by that, one with UnmarshalJSON alone as the
// number or boolean that the text is, or else as a string; any and [json.RawMessage]
// as a string. A pointer points to what its type makes of the text; no text is null. A
// list has an element for each of the texts; any other field takes the last. Any other
// text is invalid, and so is all text for a struct, an object or a list of lists.
//
// A field for files takes those of a value, and no text; any other takes no file.
//
// A strict plan also refuses what has more than one value: a field that is no list and
// has several texts, or a name that came before, in the values or in the body.
func (p *Plan) DecodeWith(body []byte, values []Value, dst any) ([]Problem, error) {
	return p.decode(body, values, p.pointer(dst))
}

// ObjectWith is [Object] of a body and values, which are members of the map, as
// [Plan.DecodeWith] says: a value with one text is a string, one with several a []any
// of strings, one with none is ignored. The problems are those of a strict object, and
// names and texts that are not UTF-8. The text of a value, or the first of several, is
// one that [parameter.Is] recognizes.
func ObjectWith(body []byte, values []Value, strict bool) (map[string]any, []Problem, error) {
	plan := &anyObject
	if strict {
		plan = &strictObject
	}
	var m map[string]any
	problems, err := plan.decode(body, values, unsafe.Pointer(&m))
	return m, problems, err
}

// Takes reports whether the type has a field of a name that text can be a value of.
func (p *Plan) Takes(name string) bool {
	n := p.root
	for n.kind == fields.KindPointer {
		n = n.elem
	}
	switch n.kind {
	case fields.KindStruct:
		i := n.object.find(bytesOf(name))
		return i >= 0 && n.object.fields[i].node.takesText(true)
	case fields.KindMap:
		return n.elem.takesText(true)
	default:
		return n.kind == fields.KindAnyMap || n.kind == fields.KindAny
	}
}

// takesText reports whether text can be a value of the node's type. If lists is true,
// texts can also be the elements of a list.
func (n *node) takesText(lists bool) bool {
	switch n.kind {
	case fields.KindPointer, fields.KindNullable:
		return n.elem.takesText(lists)
	case fields.KindSlice, fields.KindArray:
		return lists && n.elem.takesText(false)
	case fields.KindStruct, fields.KindMap, fields.KindAnyMap, kindFile:
		return false
	default:
		return true
	}
}

// given says which members of a request's own object have a value outside of the body.
type given struct {
	fields []uint64        // of a struct: a bit for each
	keys   map[string]bool // of a map
}

func (g *given) has(i int) bool { return i>>6 < len(g.fields) && g.fields[i>>6]&(1<<(i&63)) != 0 }

// fillWith is fill for the request itself, with values.
func (d *decoder) fillWith(n *node, values []Value, dst unsafe.Pointer) bool {
	switch n.kind {
	case fields.KindPointer:
		p := reflect.New(n.elem.typ).UnsafePointer()
		found := d.found
		ok := d.fillWith(n.elem, values, p)
		*(*unsafe.Pointer)(dst) = p
		if ok && n.elem.validates && d.found == found {
			d.validate(n.elem, p)
		}
		return ok
	case fields.KindStruct:
		return d.objectWith(n.object, values, dst)
	case fields.KindMap:
		return d.mapWith(n, values, dst)
	case fields.KindAny, fields.KindAnyMap:
		m, ok := d.anyObject()
		if !ok {
			return false
		}
		d.anyWith(m, values)
		if n.kind == fields.KindAny {
			*(*any)(dst) = m
		} else {
			*(*map[string]any)(dst) = m
		}
		return true
	default: // UnmarshalJSON: it has no field that we know of
		for _, v := range values {
			if d.strict {
				d.unknown(&object{}, validName(v.Name))
			}
		}
		return d.fill(n, dst, '{')
	}
}

// objectWith decodes values and the object at pos into the struct at dst. To the
// members of the body, the fields that have a value look as if they had come before.
func (d *decoder) objectWith(o *object, values []Value, dst unsafe.Pointer) bool {
	seen := make([]uint64, len(o.absent))
	for _, v := range values {
		i := o.find(bytesOf(v.Name))
		switch {
		case len(v.Texts) == 0 && len(v.Files) == 0:
		case i < 0:
			if d.strict {
				d.unknown(o, validName(v.Name))
			}
		case seen[i>>6]&(1<<(i&63)) != 0:
			if d.strict {
				d.duplicate(step{order: i, name: v.Name})
			}
		default:
			seen[i>>6] |= 1 << (i & 63)
			f, found := &o.fields[i], d.found
			p := f.place.at(dst)
			if len(v.Files) > 0 {
				d.files(f.node, p, v.Files)
			} else {
				d.texts(f.node, p, v.Texts)
			}
			d.check(f, i, p, '"', found)
		}
	}
	d.given = &given{fields: slices.Clone(seen)}
	if !d.enter() || d.peek() != '}' && !d.members(o, dst, seen) {
		return false
	}
	d.leave()
	d.absent(o, dst, seen)
	return true
}

// mapWith decodes values and the object at pos into the map at dst.
func (d *decoder) mapWith(n *node, values []Value, dst unsafe.Pointer) bool {
	if !d.strict { // the members that a value replaces are passed over as those that come again are
		d.dead = make(map[int]bool)
		scan := decoder{data: d.data, dead: d.dead, given: &given{keys: make(map[string]bool)}}
		for _, v := range values {
			scan.given.keys[v.Name] = len(v.Texts) > 0
		}
		if !scan.markDuplicates() {
			return false
		}
	}
	if !d.fill(n, dst, '{') {
		return false
	}
	m := reflect.NewAt(n.typ, dst).Elem()
	set := make(map[string]bool, len(values))
	for _, v := range values {
		if len(v.Texts) == 0 || set[v.Name] && !d.strict {
			continue
		}
		found := d.found
		d.setMember(n, m, v)
		if set[v.Name] = true; d.found != found {
			d.under(found, step{name: nameInPath(v.Name)})
		}
	}
	return true
}

// setMember puts a value into a map.
func (d *decoder) setMember(n *node, m reflect.Value, v Value) {
	key, elem := reflect.New(n.typ.Key()).Elem(), reflect.New(n.elem.typ)
	name := strings.Clone(v.Name)
	raw, _ := json.Marshal(name) // text can always be written
	if !utf8.ValidString(name) || !n.setKey(key, name, raw[1:len(raw)-1]) {
		d.wrongKey(n)
		return
	}
	if d.strict && m.MapIndex(key).IsValid() {
		d.add(Problem{State: Duplicate})
		return
	}
	found := d.found
	d.texts(n.elem, elem.UnsafePointer(), v.Texts)
	if n.elem.validates && d.found == found {
		d.validate(n.elem, elem.UnsafePointer())
	}
	m.SetMapIndex(key, elem.Elem())
}

// anyWith puts values into an object of plain values.
func (d *decoder) anyWith(m map[string]any, values []Value) {
	set := make(map[string]bool, len(values))
	for _, v := range values {
		if len(v.Texts) == 0 || set[v.Name] && !d.strict {
			continue
		}
		found, member := d.found, step{name: nameInPath(v.Name)}
		_, twice := m[v.Name]
		texts := make([]any, len(v.Texts))
		for i, text := range v.Texts {
			if i == 0 {
				texts[i] = parameter.Value(text)
			} else {
				texts[i] = strings.Clone(text)
			}
			if !utf8.ValidString(text) {
				d.invalid()
			}
		}
		switch {
		case d.strict && twice:
			d.add(Problem{State: Duplicate})
		case !utf8.ValidString(v.Name):
			d.invalid()
		case len(texts) == 1:
			m[strings.Clone(v.Name)] = texts[0]
		default:
			m[strings.Clone(v.Name)] = texts
		}
		set[v.Name] = true
		if d.found != found {
			d.under(found, member)
		}
	}
}

// validName returns a name as text can have it, which may not be UTF-8.
func validName(name string) []byte { return bytes.ToValidUTF8([]byte(name), []byte("\uFFFD")) }

// PathOf returns the path of a member of the request.
func PathOf(name string) string { return nameInPath(name) }

// nameInPath is keyInPath for a name that may not be UTF-8.
func nameInPath(name string) string { return keyInPath(string(validName(name))) }

// bytesOf returns the bytes of a text, which must not be changed.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }
