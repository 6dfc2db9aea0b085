//go:build !stdjson

package encode

import (
	"hash/maphash"
	"slices"
	"strings"
)

// shape is what objects with the same keys have in common: the keys, sorted, and how
// they are written. An encoder remembers the shapes of earlier objects. To write another
// object of such a shape it looks the keys up and need not collect, sort and quote them.
// Without this, encoding takes 31 % more instructions at 17 B and 35 % more at 1 KB
// (go test -bench 'Object/(17B|1KB)' ./internal/encode). ADR 23 says how the figures of
// this package were measured.
type shape struct {
	keys    []string
	written []key // {"key": of the first, ,"key": of the others
}

// Bounds of what an encoder remembers. Keys can come from anyone.
const (
	shapeSets = 16 // two shapes each
	maxShape  = 32 // keys of a shape
	maxKey    = 64 // bytes of a key
)

// shapes are those that an encoder remembers, by their number of keys.
type shapes [shapeSets]struct {
	known  [2]*shape
	missed uint64 // a hash of the last object that was of neither shape
	times  uint8  // how often that came in succession
	next   uint8  // which of the two is replaced next
}

var seed = maphash.MakeSeed()

// fill sets the values of members to those of object, in the order of its shape, and
// returns the shape. It returns nil if the shape is not known.
func (s *shapes) fill(members []member, object map[string]any) *shape {
	for _, known := range s[len(object)%shapeSets].known {
		if known != nil && len(known.keys) == len(object) && known.fill(members, object) {
			return known
		}
	}
	return nil
}

// learn is called with the sorted members of an object of an unknown shape. It remembers
// the shape when it comes twice in succession, or 16 times if that replaces another one.
// Objects are compared by their number of keys and a hash of the first and the last key.
func (s *shapes) learn(members []member) {
	n := len(members)
	if n > maxShape {
		return
	}
	set := &s[n%shapeSets]
	hash := maphash.String(seed, members[0].key) + 3*maphash.String(seed, members[n-1].key)
	if set.missed != hash {
		set.missed, set.times = hash, 1
		return
	}
	set.times++
	if set.times < 16 && set.known[set.next] != nil || slices.ContainsFunc(members, func(m member) bool { return len(m.key) > maxKey }) {
		return
	}
	set.known[set.next] = newShape(members)
	set.missed, set.times, set.next = 0, 0, set.next^1
}

func newShape(members []member) *shape {
	s := &shape{}
	for i := range members {
		key := strings.Clone(members[i].key) // it may be part of a larger text
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		s.keys = append(s.keys, key)
		s.written = append(s.written, newKey(string(append(appendString([]byte{before}, key), ':'))))
	}
	return s
}

// fill sets the values of members to those of object, which has as many keys as s, and
// reports whether the keys are the same.
func (s *shape) fill(members []member, object map[string]any) bool {
	members = members[:len(s.keys)]
	for i, key := range s.keys {
		value, ok := object[key]
		if !ok {
			return false
		}
		members[i].value = value
	}
	return true
}
