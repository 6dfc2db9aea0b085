package decode

// markDuplicates moves past the value at pos and records in d.dead which members of
// its objects are replaced by a later member with the same key, or by a value from
// outside of the body.
func (d *decoder) markDuplicates() bool {
	switch c := d.peek(); c {
	case '{':
		if !d.enter() {
			return false
		}
		if d.peek() == '}' {
			return d.leave()
		}
		last := make(map[string]int)
		for {
			if d.peek() != '"' {
				return false
			}
			raw, escaped, ok := d.scanString()
			if !ok || !d.colon() {
				return false
			}
			key := d.text(raw, escaped)
			d.peek()
			if before, twice := last[key]; twice {
				d.dead[before] = true
			}
			last[key] = d.pos
			if d.given != nil && d.depth == 1 && d.given.keys[key] {
				d.dead[d.pos] = true
			}
			if !d.markDuplicates() {
				return false
			}
			if end, ok := d.next('}'); end || !ok {
				return ok
			}
		}
	case '[':
		if !d.enter() {
			return false
		}
		if d.peek() == ']' {
			return d.leave()
		}
		for {
			if !d.markDuplicates() {
				return false
			}
			if end, ok := d.next(']'); end || !ok {
				return ok
			}
		}
	default:
		return d.skip()
	}
}
