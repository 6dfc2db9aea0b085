package decode

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
		raw = d.unescaped(raw, escaped)
		return d.boxText(raw), true
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
		if len(text) == 1 {
			return oneDigit[text[0]-'0'], true
		}
		return d.box(numberWord, text), true
	}
}

// anyObject decodes the object at pos into a map. Objects of one kind usually have the same
// keys in the same order. So each known key stores which key followed it last time, and
// anyObject compares that one with the bytes at pos first. If they are equal, it need not
// scan, look up or allocate the key. Without this, decoding takes 7 % longer at 17 B and
// 8 % at 1 KB. Where no key is known, it costs 1 %
// (go test -bench 'Object/(17B|1KB|newkeys)' ./internal/decode).
func (d *decoder) anyObject() (map[string]any, bool) {
	if !d.enter() {
		return nil, false
	}
	if d.peek() == '}' {
		return map[string]any{}, d.leave()
	}
	d.objects++
	mem := d.memory
	if mem == nil {
		mem = d.borrow()
	}
	var m map[string]any
	var first *knownKey
	for expected := &mem.first[d.depth]; ; d.pos++ {
		k := &mem.keys[*expected%knownKeys]
		key := k.text
		if k.isAt(d.data, d.pos) {
			d.pos += k.length
		} else if d.pos == len(d.data) || d.data[d.pos] > ' ' || !d.spaceAndKey(&k.quoted) {
			var ok bool
			if key, k, ok = d.otherKey(expected); !ok {
				return nil, false
			}
		}
		expected = &k.next
		if m == nil {
			m, first = make(map[string]any, k.size(d.depth)), k
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
		if c := d.peek(); c != ',' {
			first.members, first.depth = uint8(min(len(m), maxMembers)), uint8(d.depth)
			return m, c == '}' && d.leave()
		}
	}
}

// fewElements is how many elements anyList collects on the stack before it allocates the
// list.
const fewElements = 4

// anyList decodes the list at pos into a []any.
func (d *decoder) anyList() (any, bool) {
	if !d.enter() {
		return nil, false
	}
	if d.peek() == ']' {
		return []any{}, d.leave()
	}
	var few [fewElements]any
	for n := range few {
		v, ok := d.anyElement(n)
		if !ok {
			return nil, false
		}
		few[n] = v
		if c := d.peek(); c != ',' {
			return shortList(few[:n+1]), c == ']' && d.leave()
		}
		d.pos++
	}
	return d.anyElements(few[:])
}

// anyElements decodes the rest of a list whose first elements are few. It allocates
// room for as many elements as the last such list at this depth had. Without this, lists of
// 20 numbers take 28 % longer (go test -bench Object/lists ./internal/decode).
func (d *decoder) anyElements(few []any) (any, bool) {
	last := &d.lengths[d.depth%len(d.lengths)]
	list := append(make([]any, 0, max(int(*last), 2*len(few))), few...)
	for {
		v, ok := d.anyElement(len(list))
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if c := d.peek(); c != ',' {
			*last = uint8(min(len(list), maxMembers))
			return list, c == ']' && d.leave()
		}
		d.pos++
	}
}

// anyElement decodes the element at pos, which has index i in its list. It adds the index
// to the paths of the problems found in the element.
func (d *decoder) anyElement(i int) (any, bool) {
	found := d.found
	v, ok := d.anyValue(d.peek())
	if d.found != found {
		d.under(found, step{order: i, element: true})
	}
	return v, ok
}
