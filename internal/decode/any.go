package decode

import (
	"encoding/json"
	"unsafe"
)

// anyValue decodes the value at pos, which begins with c, into plain Go values.
func (d *decoder) anyValue(c byte) (any, bool) {
	switch c {
	case '{':
		return d.anyObject()
	case '[':
		return d.anyList()
	case '"':
		raw, escaped, ok := d.scanString()
		if !ok {
			return nil, false
		}
		return d.box(stringWord, d.text(raw, escaped)), true
	case 't':
		return true, d.literal("true")
	case 'f':
		return false, d.literal("false")
	case 'n':
		return nil, d.literal("null")
	default:
		text, ok := d.scanNumber()
		if !ok {
			return nil, false
		}
		return d.box(numberWord, d.copy(text)), true
	}
}

func (d *decoder) anyObject() (map[string]any, bool) {
	if !d.enter() {
		return nil, false
	}
	if d.peek() == '}' {
		return map[string]any{}, d.leave()
	}
	d.objects++
	size := &d.sizes[d.depth%len(d.sizes)]
	m := make(map[string]any, size.object)
	for {
		if d.peek() != '"' {
			return nil, false
		}
		raw, escaped, ok := d.scanString()
		if !ok {
			return nil, false
		}
		key := d.key(raw, escaped)
		if !d.colon() {
			return nil, false
		}
		found := d.found
		v, ok := d.anyValue(d.peek())
		if !ok {
			return nil, false
		}
		if d.strict {
			d.anyMember(m, key, found)
		}
		m[key] = v
		if end, ok := d.next('}'); end || !ok {
			size.object = uint8(min(len(m), 32))
			return m, ok
		}
	}
}

func (d *decoder) anyList() ([]any, bool) {
	if !d.enter() {
		return nil, false
	}
	if d.peek() == ']' {
		return []any{}, d.leave()
	}
	size := &d.sizes[d.depth%len(d.sizes)]
	list := make([]any, 0, max(size.list, 2))
	for {
		found := d.found
		v, ok := d.anyValue(d.peek())
		if !ok {
			return nil, false
		}
		if d.found != found {
			d.under(found, step{order: len(list), element: true})
		}
		list = append(list, v)
		if end, ok := d.next(']'); end || !ok {
			size.list = uint8(min(len(list), 32))
			return list, ok
		}
	}
}

// size is what the last object and the last list of a depth held: a good guess at
// what the next will, and too small to hurt where it is wrong.
type size struct{ object, list uint8 }

// An any is two words, of which the second points to the value. Where short texts
// are many their values are made eight at a time; the usual conversion allocates
// for each.
type emptyInterface struct {
	typ   unsafe.Pointer
	value unsafe.Pointer
}

var (
	stringWord = typeWord("")
	numberWord = typeWord(json.Number(""))
)

func typeWord(v any) unsafe.Pointer { return (*emptyInterface)(unsafe.Pointer(&v)).typ }

const boxes = 8

// box makes an any of the type of a word, which is made of a string.
func (d *decoder) box(word unsafe.Pointer, text string) (v any) {
	var p *string
	if d.objects < 2 || len(text) > shortString {
		p = new(string)
	} else {
		if len(d.boxes) == 0 {
			d.boxes = make([]string, boxes)
		}
		p = &d.boxes[0]
		d.boxes = d.boxes[1:]
	}
	*p = text
	e := (*emptyInterface)(unsafe.Pointer(&v))
	e.typ, e.value = word, unsafe.Pointer(p)
	return v
}
