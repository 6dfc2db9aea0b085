package decode

import "hash/maphash"

// knownKeys is how many keys a memory has room for. It is a power of two.
const knownKeys = 64

// maxProbes is how many places a key can have, one after the other.
const maxProbes = 8

// knownKey is a key of earlier objects. What it holds besides its text are guesses about
// the next object that has it. Without known keys and these guesses, decoding takes 15 %
// longer at 17 B and 17 % at 1 KB (go test -bench 'Object/(17B|1KB)' ./internal/decode).
type knownKey struct {
	quoted
	place   uint8 // index of this key
	next    uint8 // index of the key that followed this one last time
	members uint8 // number of members of the last object that began with this key
	depth   uint8 // nesting depth of that object
}

// maxMembers is the largest number of members that an object is expected to have. It
// bounds the cost of a wrong guess.
const maxMembers = 32

// size returns the expected number of members of an object at depth whose first key is k.
// A map made for that many need not grow. Without this, decoding records of nine members
// takes 22 % longer (go test -bench Object/1KB ./internal/decode).
func (k *knownKey) size(depth int) int {
	if int(k.depth) != depth {
		return 0
	}
	return int(k.members)
}

// otherKey reads a key that is not the expected one, and its colon. It becomes the
// expected one.
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

var seed = maphash.MakeSeed()

// know returns the text of a key, and what is known of it. A key becomes known when it is
// met for the second time, so that keys which are different in each request, such as
// identifiers, cost no more than other text. Where all places that it can have are taken,
// it replaces a key at one of them, in turn.
func (d *decoder) know(raw []byte, escaped bool) (string, *knownKey) {
	mem := d.memory
	if escaped || len(raw) == 0 || len(raw) > shortString {
		return d.text(raw, escaped), &mem.none
	}
	hash := maphash.Bytes(seed, raw)
	home := uint8(hash % knownKeys)
	place := (home + mem.turn%maxProbes) % knownKeys
	for i := range uint8(maxProbes) {
		k := &mem.keys[(home+i)%knownKeys]
		if k.text == string(raw) {
			return k.text, k
		}
		if k.text == "" {
			place = (home + i) % knownKeys
			break
		}
	}
	if met := uint32(hash >> 32); mem.met[home] != met {
		if mem.turn++; mem.turn%2 == 0 { // every time, two keys with one home could alternate for ever
			mem.met[home] = met
		}
		return d.copy(raw), &mem.none
	}
	mem.turn++
	k := &mem.keys[place]
	*k = knownKey{quoted: quote(string(raw)), place: place}
	return k.text, k
}
