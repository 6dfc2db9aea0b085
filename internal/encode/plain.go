//go:build !stdjson

package encode

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// plain writes what objects are made of: maps and lists of any, strings, numbers.
// It is what most answers are, and one look at each value both tells what it is
// and writes it. Values of other types are left to others, one by one.
type plain struct {
	buffer  *bytes.Buffer
	others  func(v any) error // writes what is not plain, and a line break
	members []member          // of the objects that are being written, the innermost last
}

// encode writes v and a line break.
func (p *plain) encode(v any) error {
	p.forget(0) // what was left by a panic in a method of a value
	before := p.buffer.Len()
	written, err := p.append(p.buffer.AvailableBuffer(), v, 0)
	if err == nil {
		p.buffer.Write(append(written, '\n'))
		return nil
	}
	p.forget(0)
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
		return appendFloat(b, v)
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
	first := len(p.members)
	for key, value := range object {
		p.members = append(p.members, member{key, value})
	}
	last := len(p.members)
	slices.SortFunc(p.members[first:last], func(a, b member) int { return cmp.Compare(a.key, b.key) })
	b = append(b, '{')
	for i := first; i < last; i++ {
		if i > first {
			b = append(b, ',')
		}
		b = append(appendString(b, p.members[i].key), ':')
		var err error
		if b, err = p.append(b, p.members[i].value, depth+1); err != nil {
			return b, err
		}
	}
	p.forget(first)
	return append(b, '}'), nil
}

// forget keeps nothing of an object alive once it is written.
func (p *plain) forget(first int) {
	clear(p.members[first:])
	p.members = p.members[:first]
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

// appendNumber writes a number as it stands, if it is one.
func appendNumber(b []byte, n json.Number) ([]byte, error) {
	switch {
	case n == "":
		return append(b, '0'), nil // as encoding/json does
	case !isNumber(string(n)):
		return b, errors.New("json: invalid number literal " + strconv.Quote(string(n)))
	}
	return append(b, n...), nil
}

// isNumber holds text against RFC 8259, 6.
func isNumber(text string) bool {
	text = skipByte(text, "-")
	whole := skipDigits(text)
	if whole == 0 || text[0] == '0' && whole > 1 {
		return false
	}
	text = text[whole:]
	if text != "" && text[0] == '.' {
		decimals := skipDigits(text[1:])
		if decimals == 0 {
			return false
		}
		text = text[1+decimals:]
	}
	if text != "" && (text[0] == 'e' || text[0] == 'E') {
		text = skipByte(text[1:], "+-")
		exponent := skipDigits(text)
		if exponent == 0 {
			return false
		}
		text = text[exponent:]
	}
	return text == ""
}

func skipByte(text, any string) string {
	if text != "" && (text[0] == any[0] || text[0] == any[len(any)-1]) {
		return text[1:]
	}
	return text
}

func skipDigits(text string) (n int) {
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// appendFloat writes a number as encoding/json does, which does as ECMAScript:
// with an exponent below 1e-6 and from 1e21 on.
func appendFloat(b []byte, f float64) ([]byte, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return b, &json.UnsupportedValueError{Value: reflect.ValueOf(f), Str: strconv.FormatFloat(f, 'g', -1, 64)}
	}
	size := math.Abs(f)
	if size == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64), nil
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' { // e-09 is e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b, nil
}

const hex = "0123456789abcdef"

// asIs are the bytes that stand for themselves in a string.
var asIs = func() (is [256]bool) {
	for c := range is {
		is[c] = c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\'
	}
	return is
}()

// appendString writes text in quotes. What is no UTF-8 becomes U+FFFD; U+2028 and
// U+2029 are escaped, since JavaScript takes them for line ends.
func appendString(b []byte, text string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if asIs[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = appendEscape(append(b, text[start:i]...), c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, text[start:i]...), `\ufffd`...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(append(b, text[start:i]...), `\u202`...)
			b = append(b, hex[r&0xf])
			start = i + size
		}
		i += size
	}
	return append(append(b, text[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}
