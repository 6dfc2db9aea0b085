//go:build !stdjson

package encode

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// plain writes what objects are made of: maps and lists of any, strings, numbers.
// It is what most answers are, and one look at each value both tells what it is
// and writes it. Values of other types are left to others, one by one.
type plain struct {
	buffer  *bytes.Buffer
	others  func(v any) error // writes what is not plain, and a line break
	members []member          // of the objects that are being written, the innermost last
	most    int               // of them so far
	shapes  shapes
}

// maxMembers keeps one large object from holding its room for ever.
const maxMembers = 4096

// encode writes v and a line break.
func (p *plain) encode(v any) error {
	defer p.forget() // also where a method of a value panics
	before := p.buffer.Len()
	written, err := p.append(p.buffer.AvailableBuffer(), v, 0)
	if err == nil {
		p.buffer.Write(append(written, '\n'))
		return nil
	}
	p.buffer.Truncate(before)
	return err
}

type member struct {
	key   string
	value any
}

// errDeep is of what nests so deep that it may contain itself.
var errDeep = errors.New("the value nests too deep")

// append writes v behind b, which has all that was written since the buffer's end.
func (p *plain) append(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return b, errDeep
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendString(b, v), nil
	case json.Number:
		return appendNumber(b, v)
	case bool:
		return strconv.AppendBool(b, v), nil
	case map[string]any:
		return p.appendMap(b, v, depth)
	case []any:
		return p.appendList(b, v, depth)
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		return appendFloat(b, v, 64)
	}
	if object, ok := asMap(v); ok {
		return p.appendMap(b, object, depth)
	}
	return p.leave(b, v)
}

func (p *plain) appendMap(b []byte, object map[string]any, depth int) ([]byte, error) {
	if object == nil {
		return append(b, "null"...), nil
	}
	if len(object) == 0 {
		return append(b, "{}"...), nil
	}
	first := len(p.members)
	p.grow(len(object))
	if s := p.shapes.of(len(object), depth); s != nil && s.fill(p.members[first:], object) {
		p.shapes.matched(len(object), depth)
		return p.appendShape(b, s, first, depth)
	}
	members := p.members[first:first]
	for key, value := range object {
		members = append(members, member{key, value})
	}
	sortMembers(members)
	p.shapes.learn(members, depth)
	for i := range members {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		b = append(appendString(append(b, before), members[i].key), ':')
		var err error
		if b, err = p.append(b, members[i].value, depth+1); err != nil {
			return b, err
		}
	}
	p.members = p.members[:first]
	return append(b, '}'), nil
}

// appendShape writes the members from first on, which are those of a known shape.
func (p *plain) appendShape(b []byte, s *shape, first, depth int) ([]byte, error) {
	for i, key := range s.written {
		b = append(b, key...)
		var err error
		if b, err = p.append(b, p.members[first+i].value, depth+1); err != nil {
			return b, err
		}
	}
	p.members = p.members[:first]
	return append(b, '}'), nil
}

// grow makes room for the members of an object.
func (p *plain) grow(n int) {
	p.members = slices.Grow(p.members, n)[:len(p.members)+n]
	p.most = max(p.most, len(p.members))
}

// forget keeps nothing of what was written alive.
func (p *plain) forget() {
	clear(p.members[:p.most])
	p.members, p.most = p.members[:0], 0
	if cap(p.members) > maxMembers {
		p.members = nil
	}
}

// sortMembers sorts few members by insertion, which asks for nothing else.
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

func (p *plain) appendList(b []byte, list []any, depth int) ([]byte, error) {
	if list == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i, elem := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = p.append(b, elem, depth+1); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// leave leaves a value to the backend, which writes to the same buffer.
func (p *plain) leave(b []byte, v any) ([]byte, error) {
	p.buffer.Write(b)
	if err := p.others(v); err != nil {
		return nil, err
	}
	p.buffer.Truncate(p.buffer.Len() - len("\n"))
	return p.buffer.AvailableBuffer(), nil
}

var plainMap = reflect.TypeFor[map[string]any]()

// asMap looks for types that are maps of any by another name, and know no other
// way of their own to be encoded.
func asMap(v any) (map[string]any, bool) {
	value := reflect.ValueOf(v)
	if value.Kind() != reflect.Map || value.Type().Elem() != plainMap.Elem() || !isPlainMap(value.Type()) {
		return nil, false
	}
	return value.Convert(plainMap).Interface().(map[string]any), true
}

var plainMaps sync.Map // of bool by reflect.Type

func isPlainMap(t reflect.Type) bool {
	if is, ok := plainMaps.Load(t); ok {
		return is.(bool)
	}
	is := t.ConvertibleTo(plainMap) && !hasMethods(t) && !hasMethods(reflect.PointerTo(t))
	plainMaps.Store(t, is)
	return is
}
