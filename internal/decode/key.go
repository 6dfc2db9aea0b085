package decode

// knownKeys is a power of two.
const knownKeys = 64

// knownKey is a key of plain values or of a map that came before, in this request or
// an earlier one. What it knows beside its text are good guesses.
type knownKey struct {
	quoted
	place   uint8 // of this one
	next    uint8 // the known key that came after this one last
	members uint8 // how many the last object had that began with this key,
	depth   uint8 // and where it was
}

// mostExpected bounds what a wrong guess costs.
const mostExpected = 32

// size is how many members an object that begins with this key may have.
func (k *knownKey) size(depth int) int {
	if int(k.depth) != depth {
		return 0
	}
	return int(k.members)
}

// key is a key of a map. Records of a list have the same keys again and again.
func (d *decoder) key(raw []byte, escaped bool) string {
	if d.memory == nil {
		d.borrow()
	}
	key, _ := d.know(raw, escaped)
	return key
}

// otherKey steps behind a key that is not the expected one, and a colon. What comes
// instead is expected from now on.
func (d *decoder) otherKey(expected *uint8) (key string, k *knownKey, ok bool) {
	if d.peek() != '"' {
		return "", nil, false
	}
	raw, escaped, ok := d.scanString()
	if !ok || !d.colon() {
		return "", nil, false
	}
	key, k = d.know(raw, escaped)
	*expected = k.place
	return key, k, true
}

// know finds a key among those that are known, or learns it. Each has two places, so
// that two that come by turns don't drive each other out. A request that has many
// keys is not like others, so that no more of them are learned than there is room for.
func (d *decoder) know(raw []byte, escaped bool) (string, *knownKey) {
	mem := d.memory
	if escaped || len(raw) == 0 || len(raw) > shortString {
		return d.text(raw, escaped), &mem.none
	}
	i := hash(raw)
	for range 2 {
		if k := &mem.keys[i]; k.text == string(raw) {
			return k.text, k
		}
		i ^= 1
	}
	if mem.learned == knownKeys {
		return d.copy(raw), &mem.none
	}
	mem.learned++
	if mem.keys[i].text != "" {
		i ^= uint8(mem.learned & 1)
	}
	k := &mem.keys[i]
	*k = knownKey{quoted: quote(string(raw)), place: i}
	return k.text, k
}

// hash is a place for a text that is not empty.
func hash(text []byte) uint8 {
	n := len(text)
	return uint8(n*7+int(text[0])+int(text[n-1])*5+int(text[n/2])*3) % knownKeys
}
