package decode

import "encoding/json"

// anyValue decodes the value at pos into plain Go values.
func (d *decoder) anyValue() (any, bool) {
	switch d.peek() {
	case '{':
		return d.anyObject()
	case '[':
		return d.anyList()
	case '"':
		raw, escaped, ok := d.scanString()
		if !ok {
			return nil, false
		}
		return d.text(raw, escaped), true
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
		return json.Number(d.copy(text)), true
	}
}

func (d *decoder) anyObject() (map[string]any, bool) {
	if !d.enter() {
		return nil, false
	}
	m := make(map[string]any)
	if d.peek() == '}' {
		return m, d.leave()
	}
	d.objects++
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
		v, ok := d.anyValue()
		if !ok {
			return nil, false
		}
		m[key] = v
		if end, ok := d.next('}'); end || !ok {
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
	var list []any
	for {
		v, ok := d.anyValue()
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if end, ok := d.next(']'); end || !ok {
			return list, ok
		}
	}
}
