//go:build !stdjson

package encode

import (
	"slices"
	"strings"
)

// shape is what objects with the same keys have in common: the keys in their
// order, and as they are written. The records of a list are of one shape, and so
// are the answers of a target: sorting and quoting is for the first of them.
type shape struct {
	keys    []string
	written []string // {"key": of the first, ,"key": of the others
}

// What is remembered of earlier objects is small, since keys can be anything, also
// what some other caller sent.
const (
	maxShapes = 16 // of an encoder
	maxShape  = 32 // keys of a shape
	maxKey    = 64 // bytes of such a key
)

// shapes are those that an encoder remembers, one for each number of keys and depth,
// or as good as.
type shapes [maxShapes]struct {
	shape  *shape
	missed uint32 // the sum of the last object's keys that was of another shape
}

// of returns the shape that an object of so many keys may have, or nil.
func (s *shapes) of(keys, depth int) *shape {
	if found := s[slot(keys, depth)].shape; found != nil && len(found.keys) == keys {
		return found
	}
	return nil
}

func slot(keys, depth int) uint { return uint(keys+5*depth) % maxShapes }

// matched notes that the shape of an object was the one remembered: it stays, though
// others come in between.
func (s *shapes) matched(keys, depth int) { s[slot(keys, depth)].missed = 0 }

// learn remembers the shape of sorted members, if they come the second time: many
// objects are the only ones of their kind.
func (s *shapes) learn(members []member, depth int) {
	if len(members) == 0 || len(members) > maxShape {
		return
	}
	sum := uint32(0)
	for i := range members {
		sum += spread(members[i].key)
	}
	at := &s[slot(len(members), depth)]
	if sum |= 1; at.missed != sum {
		at.missed = sum
		return
	}
	if !slices.ContainsFunc(members, func(m member) bool { return len(m.key) > maxKey }) {
		at.shape = newShape(members)
	}
	at.missed = 0
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
		s.written = append(s.written, string(append(appendString([]byte{before}, key), ':')))
	}
	return s
}

// fill puts the values of object in the order of the shape, if it is of that shape:
// it has as many keys. Looking up each costs less than a walk over the map, which
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
