package decode

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// decoder is the state of one pass over one body. Its methods that return a bool
// return false for a syntax error, which ends the pass. What is not UTF-8 is one, too.
type decoder struct {
	data  []byte
	pos   int
	depth int

	meaning    Meaning
	strict     bool      // see [Plan.Strict]
	found      int       // problems so far, those that were not kept included
	problems   []problem // the first of them
	stop       error
	duplicates bool         // a key came twice: the pass was given up
	dead       map[int]bool // where the values of replaced members begin; nil in the first pass
	given      *given       // which members have a value outside of the body; nil where none has

	block   []byte // for short strings
	used    int    // of it
	scratch []byte
	ahead   uint64 // bytes that lists took for what the rest of the body may hold

	memory  *memory // nil until it is needed
	boxes   *[boxes]string
	boxed   uint     // how many boxes were made, of these or earlier ones
	objects int      // of plain values that were not empty, so far
	lengths [4]uint8 // of the last list of plain values that was not short, by depth
}

// peek skips white space and returns the byte after it, or 0 at the end.
func (d *decoder) peek() byte {
	if d.pos < len(d.data) && d.data[d.pos] > ' ' {
		return d.data[d.pos]
	}
	return d.peekFar()
}

func (d *decoder) peekFar() byte {
	for ; d.pos < len(d.data); d.pos++ {
		switch c := d.data[d.pos]; c {
		case ' ', '\n', '\r', '\t':
		default:
			if c < ' ' {
				return 0
			}
			return c
		}
	}
	return 0
}

func (d *decoder) atEnd() bool {
	return d.peek() == 0 && d.pos == len(d.data)
}

// enter steps behind the bracket at pos.
func (d *decoder) enter() bool {
	d.pos++
	d.depth++
	return d.depth <= maxDepth
}

func (d *decoder) leave() bool {
	d.pos++
	d.depth--
	return true
}

// scanString finds the end of the string whose opening quote is at pos, and steps
// behind it. raw is what is between the quotes. Eight bytes at a time are worth 12 % for
// objects and 20 % for structs (go test -bench 1KB ./internal/decode).
func (d *decoder) scanString() (raw []byte, escaped, ok bool) {
	data, start := d.data, d.pos+1
	for i := start; i+8 <= len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		m := (special(x) | x) & highBits
		if m == 0 {
			continue
		}
		if i += bits.TrailingZeros64(m) >> 3; data[i] == '"' {
			d.pos = i + 1
			return data[start:i], false, true
		}
		break
	}
	return d.scanSpecial()
}

// scanSpecial is scanString for what is near the end of the body, has escapes or is
// not ASCII.
func (d *decoder) scanSpecial() (raw []byte, escaped, ok bool) {
	data, start := d.data, d.pos+1
	for i := start; ; {
		for i+8 <= len(data) {
			x := binary.LittleEndian.Uint64(data[i:])
			if m := special(x) &^ x & highBits; m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(data) && plain[data[i]] {
			i++
		}
		if i >= len(data) {
			return nil, false, false
		}
		switch data[i] {
		case '"':
			d.pos = i + 1
			return data[start:i], escaped, utf8.Valid(data[start:i])
		case '\\':
			escaped = true
			n := escapeLength(data[i:])
			if n == 0 {
				return nil, false, false
			}
			i += n
		default:
			return nil, false, false
		}
	}
}

const highBits = 0x8080808080808080

// special has the high bit in each byte of x that ends a run of plain characters: a
// quote, a backslash or a control character. Of what is ASCII only the lowest one can
// be trusted, and of the rest none.
func special(x uint64) uint64 {
	const ones = 0x0101010101010101
	control := x - ones*0x20
	quote := (x ^ ones*'"') - ones
	backslash := (x ^ ones*'\\') - ones
	return control | quote | backslash
}

// plain are the bytes that stand for themselves in a string.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

// escapeLength is the length of the escape that s begins with, or 0.
func escapeLength(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if hex4(s) >= 0 {
			return 6
		}
	}
	return 0
}

// hex4 is the number in \uXXXX, or -1 where s does not begin with that.
func hex4(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range s[2:6] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case (c|0x20)-'a' <= 5:
			c = (c | 0x20) - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// unescape appends to dst what the string between two quotes means.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			start := i
			for i < len(raw) && raw[i] != '\\' {
				i++
			}
			dst = append(dst, raw[start:i]...)
			continue
		}
		switch c := raw[i+1]; c {
		case 'u':
			r := hex4(raw[i:])
			i += 6
			if utf16.IsSurrogate(r) {
				if pair := utf16.DecodeRune(r, hex4(raw[i:])); pair != utf8.RuneError {
					i += 6
					r = pair
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}

// scanNumber finds the end of the number at pos, and steps behind it.
func (d *decoder) scanNumber() (text []byte, ok bool) {
	data, start := d.data, d.pos
	i := start
	if i < len(data) && data[i] == '-' {
		i++
	}
	first := i
	i = digits(data, i)
	if i == first || data[first] == '0' && i > first+1 {
		return nil, false
	}
	if i < len(data) && data[i] == '.' {
		first = i + 1
		if i = digits(data, first); i == first {
			return nil, false
		}
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		first = i
		if i = digits(data, first); i == first {
			return nil, false
		}
	}
	d.pos = i
	return data[start:i], true
}

func digits(data []byte, i int) int {
	for i < len(data) && data[i]-'0' <= 9 {
		i++
	}
	return i
}

// literal steps behind null, true or false.
func (d *decoder) literal(text string) bool {
	end := d.pos + len(text)
	if end > len(d.data) || string(d.data[d.pos:end]) != text {
		return false
	}
	d.pos = end
	return true
}

// skip steps behind the value at pos and checks its syntax. It needs no
// recursion: whether an open bracket is a list's is a bit of kinds.
func (d *decoder) skip() bool {
	base := d.depth
	var lists uint64
	for {
		switch c := d.peek(); c {
		case '{', '[':
			if !d.enter() {
				return false
			}
			lists <<= 1
			if c == '[' {
				lists |= 1
			}
			if d.peek() == c+2 { // ] or }: empty
				lists >>= 1
				d.leave()
				break
			}
			if c == '{' && !d.skipKey() {
				return false
			}
			continue
		case '"':
			if _, _, ok := d.scanString(); !ok {
				return false
			}
		default:
			if !d.skipScalar(c) {
				return false
			}
		}
		// Behind a value: leave what it ends, or go on to the next.
		for {
			if d.depth == base {
				return true
			}
			c := d.peek()
			list := lists&1 == 1
			if c == ',' {
				d.pos++
				if !list && !d.skipKey() {
					return false
				}
				break
			}
			if list && c != ']' || !list && c != '}' {
				return false
			}
			lists >>= 1
			d.leave()
		}
	}
}

func (d *decoder) skipScalar(c byte) bool {
	switch c {
	case 't':
		return d.literal("true")
	case 'f':
		return d.literal("false")
	case 'n':
		return d.literal("null")
	default:
		_, ok := d.scanNumber()
		return ok
	}
}

// skipKey steps behind a key and its colon.
func (d *decoder) skipKey() bool {
	if d.peek() != '"' {
		return false
	}
	_, _, ok := d.scanString()
	return ok && d.colon()
}

// colon steps behind a colon and the white space around it.
func (d *decoder) colon() bool {
	if d.peek() != ':' {
		return false
	}
	d.pos++
	return true
}

// next steps behind a comma, or behind the closing bracket, which is the end.
func (d *decoder) next(closing byte) (end, ok bool) {
	switch d.peek() {
	case ',':
		d.pos++
		return false, true
	case closing:
		return true, d.leave()
	default:
		return false, false
	}
}
