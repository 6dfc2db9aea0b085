package decode

import (
	"reflect"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
)

// object describes how to decode a JSON object into a struct type.
type object struct {
	fields   []field
	byName   map[string]int // indexes of fields
	absent   []uint64       // a bit for each field that is required or has a default
	defaults bool           // whether a field has a default, here or in a struct below
	embedded []validated    // the embedded structs that have Validate, but for those whose Validate is called by another's
	outer    validated      // the struct itself, if it has Validate
}

type field struct {
	name     string
	quoted   quoted // the name as a key in JSON: in quotes, with a colon
	node     *node
	checks   *checks
	place    place
	plain    bool  // whether there is nothing to check after decoding
	only     check // the check, if it is the only thing to do after decoding; else nil
	required bool
	fallback []byte // the default, as JSON
}

// place is where a field is in its struct. It may be behind embedded pointers.
type place struct {
	hops   []hop
	offset uintptr
	typ    reflect.Type
}

type hop struct {
	offset uintptr
	typ    reflect.Type // what the pointer points to
}

// validated is where a struct with Validate is.
type validated struct {
	place
	promoted *place // where the embedded struct is whose Validate that is; nil: it is its own
}

// at returns the address of the field in the struct at p. If an embedded pointer on the
// way is nil, it allocates the struct for it.
func (l *place) at(p unsafe.Pointer) unsafe.Pointer {
	for _, h := range l.hops {
		next := (*unsafe.Pointer)(unsafe.Add(p, h.offset))
		if *next == nil {
			*next = reflect.New(h.typ).UnsafePointer()
		}
		p = *next
	}
	return unsafe.Add(p, l.offset)
}

// find returns the same address as at, but allocates nothing: it returns nil if an
// embedded pointer on the way is nil.
func (l *place) find(p unsafe.Pointer) unsafe.Pointer {
	for _, h := range l.hops {
		if p = *(*unsafe.Pointer)(unsafe.Add(p, h.offset)); p == nil {
			return nil
		}
	}
	return unsafe.Add(p, l.offset)
}

// object decodes the object at pos into the struct at dst.
func (d *decoder) object(o *object, dst unsafe.Pointer) bool {
	if !d.enter() {
		return false
	}
	seen := make([]uint64, len(o.absent)) // a presence bit for each field
	if d.peek() != '}' && !d.members(o, dst, seen) {
		return false
	}
	d.leave()
	for w, bits := range o.absent {
		if bits&^seen[w] != 0 {
			d.absent(o, dst, seen)
			break
		}
	}
	return true
}

// members decodes the members of the object at pos, which is not empty, up to its closing
// brace. It first compares each key with the name of the field after the last one, since
// members usually come in the order of the fields. Without this, decoding takes 12 % longer
// at 17 B, 42 % at 1 KB, and 2 % more instructions where they come in any order
// (go test -bench 'Typed/(17B|1KB|shuffled)' ./internal/decode).
func (d *decoder) members(o *object, dst unsafe.Pointer, seen []uint64) bool {
	for i := 0; ; i++ {
		var f *field
		if i < len(o.fields) {
			f = &o.fields[i]
		}
		if f != nil && f.quoted.isAt(d.data, d.pos) {
			d.pos += f.quoted.length
		} else if f == nil || d.pos == len(d.data) || d.data[d.pos] > ' ' || !d.spaceAndKey(&f.quoted) {
			var ok bool
			if i, ok = d.member(o); !ok {
				return false
			}
			if i >= 0 {
				f = &o.fields[i]
			}
		}
		c := d.peek()
		if i < 0 { // unknown
			if !d.skip() {
				return false
			}
		} else if word, bit := &seen[uint(i)>>6], uint64(1)<<(uint(i)&63); *word&bit != 0 || d.dead != nil {
			*word |= bit
			if !d.again(f, i, dst, c) {
				return false
			}
		} else {
			*word |= bit
			if !d.field(f, i, dst, c) {
				return false
			}
		}
		if c = d.peek(); c != ',' {
			return c == '}'
		}
		d.pos++
	}
}

// member reads the key at pos and its colon. It returns the index of the field of that
// name, or -1 if there is none.
func (d *decoder) member(o *object) (int, bool) {
	if d.peek() != '"' {
		return 0, false
	}
	raw, escaped, ok := d.scanString()
	if !ok {
		return 0, false
	}
	raw = d.unescaped(raw, escaped)
	i := o.find(raw)
	if i < 0 && d.strict {
		d.unknown(o, raw)
	}
	return i, d.colon()
}

func (o *object) find(name []byte) int {
	if i, ok := o.byName[string(name)]; ok {
		return i
	}
	return -1
}

// again handles the value of a member whose field already has a value. If that came from
// outside of the body, it stays, and the member is skipped. If it came from an earlier
// member, the first pass ends: again sets d.duplicates and returns false, and Decode starts
// a second one. Once d.dead is set, again handles every member: it decodes those that are
// not replaced, and skips the others. A strict decoder needs no second pass: it adds a
// problem and skips the member.
func (d *decoder) again(f *field, i int, dst unsafe.Pointer, c byte) bool {
	switch {
	case d.given != nil && d.depth == 1 && d.given.has(i):
		if d.strict {
			d.duplicate(step{order: i, name: f.name})
		}
		return d.skip()
	case d.dead != nil && !d.dead[d.pos]:
		return d.field(f, i, dst, c)
	case d.dead != nil:
		return d.skip()
	case d.strict:
		d.duplicate(step{order: i, name: f.name})
		return d.skip()
	default:
		d.duplicates = true
		return false
	}
}

// field decodes the value at pos into f, the field with index i, of the struct at dst.
func (d *decoder) field(f *field, i int, dst unsafe.Pointer, c byte) bool {
	found := d.found
	var p unsafe.Pointer
	if f.place.hops == nil {
		p = unsafe.Add(dst, f.place.offset)
	} else {
		p = f.place.at(dst)
	}
	if !d.fill(f.node, p, c) {
		return false
	}
	if d.found == found && (f.plain || f.only != nil && f.only(p)) {
		return true
	}
	return d.check(f, i, p, c, found)
}

// check calls the Validate methods of a decoded field and applies its rules, unless a
// problem was found in it before. found is the number of problems before the field. check
// adds the field's name to the paths of those found since, and returns true.
func (d *decoder) check(f *field, i int, p unsafe.Pointer, c byte, found int) bool {
	if f.node.validates && d.found == found {
		d.validate(f.node, p)
	}
	if f.checks != nil && d.found == found && c != 'n' {
		f.checks.run(d, p)
	}
	if d.found != found {
		d.under(found, step{order: i, name: f.name})
	}
	return true
}

// absent sets the defaults of the fields that were absent, and adds a problem for each
// that is required.
func (d *decoder) absent(o *object, dst unsafe.Pointer, seen []uint64) {
	for i := range o.fields {
		if o.absent[i>>6]&^seen[i>>6]&(1<<(i&63)) == 0 {
			continue
		}
		f := &o.fields[i]
		if f.required {
			d.add(Problem{State: Missing})
			d.under(d.found-1, step{order: i, name: f.name})
			continue
		}
		f.setDefault(dst, d.defaults)
	}
}

// setDefault sets the field to its default. If it has none and is a struct, setDefault
// sets the defaults of the fields in it. left is the decoder's defaults.
func (f *field) setDefault(dst unsafe.Pointer, left *int) {
	if f.fallback != nil {
		if left != nil {
			if *left--; *left < 0 {
				return
			}
		}
		d := decoder{data: f.fallback, defaults: left}
		d.value(f.node, f.place.at(dst), f.fallback[0]) // succeeds, since Compile has tried it
		d.give()
		return
	}
	if f.node.kind != fields.KindStruct || !f.node.object.defaults {
		return
	}
	p := f.place.at(dst)
	for i := range f.node.object.fields {
		f.node.object.fields[i].setDefault(p, left)
	}
}
