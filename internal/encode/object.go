//go:build !stdjson

package encode

import (
	"slices"
	"strings"
)

// member is a key of an object with its value.
type member struct {
	key   string
	value any
}

// maxMembers is the capacity above which the stack of members is not reused.
const maxMembers = 4096

// appendMap writes an object with its keys sorted.
func (w *writer) appendMap(b []byte, object map[string]any, depth int) ([]byte, error) {
	if len(object) == 0 {
		return append(b, "{}"...), nil
	}
	first := len(w.members)
	w.grow(len(object))
	if s := w.shapes.fill(w.members[first:], object); s != nil {
		return w.appendShape(b, s, first, depth)
	}
	members := w.members[first:first]
	for key, value := range object {
		members = append(members, member{key, value})
	}
	sortMembers(members)
	w.shapes.learn(members)
	for i := range members {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		b = append(appendString(append(b, before), members[i].key), ':')
		var err error
		if b, err = w.append(b, members[i].value, depth+1); err != nil {
			return b, err
		}
	}
	w.members = w.members[:first]
	return append(b, '}'), nil
}

// appendShape writes the members from first on, which are those of a known shape.
func (w *writer) appendShape(b []byte, s *shape, first, depth int) ([]byte, error) {
	for i := range s.written {
		b = s.written[i].append(b)
		var err error
		if b, err = w.append(b, w.members[first+i].value, depth+1); err != nil {
			return b, err
		}
	}
	w.members = w.members[:first]
	return append(b, '}'), nil
}

// grow extends the stack by n members.
func (w *writer) grow(n int) {
	w.members = slices.Grow(w.members, n)[:len(w.members)+n]
	w.most = max(w.most, len(w.members))
}

// forget clears the stack, so that it keeps no value of a response alive.
func (w *writer) forget() {
	clear(w.members[:w.most])
	w.members, w.most = w.members[:0], 0
	if cap(w.members) > maxMembers {
		w.members = nil
	}
}

// sortMembers sorts members by their keys, up to 16 of them by insertion. Without this,
// encoding maps takes 15 % more instructions (go test -bench Typed/maps ./internal/encode).
func sortMembers(members []member) {
	if len(members) > 16 {
		slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
		return
	}
	for i := 1; i < len(members); i++ {
		m, at := members[i], i
		for ; at > 0 && m.key < members[at-1].key; at-- {
			members[at] = members[at-1]
		}
		members[at] = m
	}
}
