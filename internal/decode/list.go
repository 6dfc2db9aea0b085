package decode

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unsafe"

	"github.com/apiphant/apiphant/internal/fields"
	"github.com/apiphant/apiphant/internal/rule"
)

var (
	nothing   [0]byte
	quoteMark = []byte{'"'}
)

// list decodes the list at pos into the slice at dst.
func (d *decoder) list(n *node, dst unsafe.Pointer) bool {
	if !d.enter() {
		return false
	}
	s := (*fields.SliceHeader)(dst)
	if d.peek() == ']' {
		s.Data = unsafe.Pointer(&nothing)
		return d.leave()
	}
	start, elem := d.pos, n.elem
	for i := 0; ; i++ {
		if i == s.Cap {
			d.grow(n, s, start)
		}
		s.Len = i + 1
		found := d.found
		p := unsafe.Add(s.Data, uintptr(i)*elem.size)
		if !elem.validates {
			if !d.fill(elem, p, d.peek()) {
				return false
			}
		} else if !d.value(elem, p, d.peek()) {
			return false
		}
		if d.found != found {
			d.under(found, step{order: i, element: true})
		}
		if c := d.peek(); c == ',' {
			d.pos++
		} else {
			d.trim(n, s)
			return c == ']' && d.leave()
		}
	}
}

// element decodes the element with index i of a list, and moves past the comma or
// the bracket after it. It reports whether that was the end of the list.
func (d *decoder) element(n *node, dst unsafe.Pointer, i int) (end, ok bool) {
	found := d.found
	if !d.value(n, dst, d.peek()) {
		return false, false
	}
	if d.found != found {
		d.under(found, step{order: i, element: true})
	}
	return d.next(']')
}

// aheadOfBody bounds the memory that the lists of a request may allocate for elements
// that have not come yet: so many bytes for each byte of the body.
const aheadOfBody = 4

// grow makes room for as many more elements as the rest of the body has, if they are as
// long as those so far. Once the lists of a request have reached the bound of such
// memory, a list grows to no more than eight times the elements that it has, so that
// many short lists can't make the decoder allocate much. Doubling takes 2.6 times the
// memory (go test -bench Typed/100KB ./internal/decode).
//
// Lists of strings and of values without pointers are allocated without reflection. With
// reflection, decoding takes more instructions: for the strings 3 % at 1 KB and 5 % at
// 100 KB, for the values without pointers 4 %, 5 %, and 9 % for lists of 20 numbers
// (go test -bench 'Typed/(1KB|100KB|lists)' ./internal/decode).
func (d *decoder) grow(n *node, s *fields.SliceHeader, start int) {
	room := 4
	if s.Len > 0 {
		each := max(1, (d.pos-start)/s.Len)
		rest := (len(d.data)-d.pos)/each + 1
		room = min(7*s.Len, rest)
		if ahead := uint64(rest-room) * uint64(n.elem.size); d.ahead+ahead <= aheadOfBody*uint64(len(d.data)) {
			d.ahead += ahead
			room = rest
		}
		room = max(room, s.Len/4+1)
	}
	switch {
	case n.elem.kind == fields.KindString && s.Len == 0:
		*(*[]string)(unsafe.Pointer(s)) = make([]string, 0, room)
	case n.elem.kind == fields.KindString:
		list := (*[]string)(unsafe.Pointer(s))
		*list = slices.Grow(*list, room)
	case n.elem.noPointers: // any memory without pointers is the same to the garbage collector
		words := make([]uint64, (uintptr(s.Len+room)*n.elem.size+7)/8)
		data := unsafe.Pointer(unsafe.SliceData(words))
		if s.Len > 0 {
			copy(unsafe.Slice((*byte)(data), len(words)*8), unsafe.Slice((*byte)(s.Data), uintptr(s.Len)*n.elem.size))
		}
		s.Data, s.Cap = data, s.Len+room
	default:
		reflect.NewAt(n.typ, unsafe.Pointer(s)).Elem().Grow(room)
	}
}

// trim copies a list to memory of the exact size, if much of its memory is unused.
func (d *decoder) trim(n *node, s *fields.SliceHeader) {
	if spare := uintptr(s.Cap-s.Len) * n.elem.size; spare < 512 || s.Len >= s.Cap/2 {
		return
	}
	list := reflect.NewAt(n.typ, unsafe.Pointer(s)).Elem()
	exact := reflect.MakeSlice(n.typ, s.Len, s.Len)
	reflect.Copy(exact, list)
	list.Set(exact)
}

func (d *decoder) array(n *node, dst unsafe.Pointer) bool {
	if !d.enter() {
		return false
	}
	if d.peek() == ']' {
		return d.leave()
	}
	found := d.found
	for i := 0; ; i++ {
		if i == n.length { // too long: the array is invalid, whatever else is wrong in it
			for {
				if d.peek(); !d.skip() {
					return false
				}
				if end, ok := d.next(']'); end || !ok {
					d.found = found
					d.problems = d.problems[:min(found, len(d.problems))]
					d.refuse("maxItems", n.length)
					return ok
				}
			}
		}
		if end, ok := d.element(n.elem, unsafe.Add(dst, uintptr(i)*n.elem.size), i); end || !ok {
			return ok
		}
	}
}

// mapping decodes the object at pos into the map at dst.
func (d *decoder) mapping(n *node, dst unsafe.Pointer) bool {
	if !d.enter() {
		return false
	}
	m := reflect.NewAt(n.typ, dst).Elem()
	m.Set(reflect.MakeMap(n.typ))
	if d.peek() == '}' {
		return d.leave()
	}
	key := reflect.New(n.typ.Key()).Elem()
	elem := reflect.New(n.elem.typ)
	for {
		if d.peek() != '"' {
			return false
		}
		raw, escaped, ok := d.scanString()
		if !ok || !d.colon() {
			return false
		}
		text := d.text(raw, escaped)
		c := d.peek()
		if d.dead != nil && d.dead[d.pos] {
			if !d.skip() {
				return false
			}
		} else {
			found := d.found
			if !n.setKey(key, text, raw) {
				if d.wrongKey(n); !d.skip() {
					return false
				}
			} else {
				elem.Elem().SetZero()
				if !d.value(n.elem, elem.UnsafePointer(), c) {
					return false
				}
				before := m.Len()
				m.SetMapIndex(key, elem.Elem())
				if m.Len() == before && d.dead == nil {
					if !d.strict {
						d.duplicates = true
						return false
					}
					d.add(Problem{State: Duplicate})
				}
			}
			if d.found != found {
				d.under(found, step{name: keyInPath(text)})
			}
		}
		if end, ok := d.next('}'); end || !ok {
			return ok
		}
	}
}

// setKey sets the key of a map to the text of a member's key, and reports whether the
// map can have that key. raw is what is between the key's quotes.
func (n *node) setKey(key reflect.Value, text string, raw []byte) bool {
	key.SetZero()
	switch n.keys {
	case keysString:
		key.SetString(text)
	case keysInt:
		v, err := strconv.ParseInt(text, 10, key.Type().Bits())
		if err != nil {
			return false
		}
		key.SetInt(v)
	case keysUint:
		v, err := strconv.ParseUint(text, 10, key.Type().Bits())
		if err != nil {
			return false
		}
		key.SetUint(v)
	default:
		switch u := key.Addr().Interface().(type) {
		case *time.Time:
			var ok bool
			*u, ok = rule.DateTime(text)
			return ok
		case json.Unmarshaler: // encoding/json has it so, though only UnmarshalText makes it a key
			return u.UnmarshalJSON(slices.Concat(quoteMark, raw, quoteMark)) == nil
		case encoding.TextUnmarshaler:
			return u.UnmarshalText([]byte(text)) == nil
		}
	}
	return true
}
