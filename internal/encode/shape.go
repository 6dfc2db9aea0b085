//go:build !stdjson

package encode

import (
	"strings"
)

// shape is what objects with the same keys have in common: the keys in their
// order, and as they are written. The records of a list are of one shape, and so
// are the answers of a target: sorting and quoting is for the first of them.
type shape struct {
	keys    []string
	written []key // {"key": of the first, ,"key": of the others
}

// What is remembered of earlier objects is small, since keys can be anything, also
// what some other caller sent.
const (
	shapeSets = 16 // of an encoder, each with two shapes
	maxShape  = 32 // keys of a shape
	maxKey    = 64 // bytes of such a key
)

// shapes are those that an encoder remembers, by the number of their keys.
type shapes [shapeSets]struct {
	known  [2]*shape
	missed uint32 // the sum of the last object's keys that was of neither
	times  uint8  // that it came
	next   uint8  // which of the two is replaced
}

// fill puts the values of object in the order of the shape that it is of, and
// returns that; nil where none is known.
func (s *shapes) fill(members []member, object map[string]any) *shape {
	for _, known := range s[len(object)%shapeSets].known {
		if known != nil && len(known.keys) == len(object) && known.fill(members, object) {
			return known
		}
	}
	return nil
}

// learn remembers the shape of sorted members where it comes again: many objects are
// the only ones of their kind. What it replaces comes no more, or it had not come
// often one after the other.
func (s *shapes) learn(members []member) {
	sum, longest := uint32(0), 0
	for i := range members {
		sum += spread(members[i].key)
		longest = max(longest, len(members[i].key))
	}
	if len(members) > maxShape || longest > maxKey {
		return
	}
	set := &s[len(members)%shapeSets]
	if set.missed != sum {
		set.missed, set.times = sum, 0
	}
	set.times++
	if set.times < 2 || set.times < 16 && set.known[set.next] != nil {
		return
	}
	set.known[set.next] = newShape(members)
	set.missed, set.times, set.next = 0, 0, set.next^1
}

func newShape(members []member) *shape {
	s := &shape{}
	for i := range members {
		key := strings.Clone(members[i].key) // it may be part of a whole body
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		s.keys = append(s.keys, key)
		s.written = append(s.written, newKey(string(append(appendString([]byte{before}, key), ':'))))
	}
	return s
}

// fill does so if object, which has as many keys, is of the shape. Looking up each costs less than a walk over the map, which
// begins at random.
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

// spread makes different numbers of most keys, from little of each.
func spread(key string) uint32 {
	n := len(key)
	if n == 0 {
		return 0
	}
	return (uint32(key[0]) | uint32(key[n/2])<<8 | uint32(key[n-1])<<16 | uint32(n)<<24) * 0x9e3779b1
}
