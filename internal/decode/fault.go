package decode

import (
	"bytes"
	"unicode/utf8"
)

// Fault says why a body for which there was [ErrNotObject] is none: how many bytes are
// before the place, and what is wrong there, in words that repeat nothing of the body.
// It reads the body once more, up to that place.
func Fault(body []byte) (offset int, reason string) {
	if reason := otherEncoding(body); reason != "" {
		return 0, reason
	}
	f := fault{decoder: decoder{data: body}}
	reason = f.find()
	return f.pos, reason
}

// otherEncoding recognizes text that is not plain UTF-8 by its first bytes, "" where it is.
func otherEncoding(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return "it begins with a byte order mark: UTF-8 without one was expected"
	case bytes.HasPrefix(body, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(body, []byte("\x00\x00\xfe\xff")),
		bytes.HasPrefix(body, []byte("{\x00\x00\x00")), bytes.HasPrefix(body, []byte("\x00\x00\x00{")):
		return "it is UTF-32: UTF-8 was expected"
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")),
		bytes.HasPrefix(body, []byte("{\x00")), bytes.HasPrefix(body, []byte("\x00{")):
		return "it is UTF-16: UTF-8 was expected"
	case bytes.HasPrefix(body, []byte("\x1f\x8b")):
		return "it is compressed with gzip: JSON was expected"
	default:
		return ""
	}
}

// fault looks for the first place in a body that is no JSON. pos is where it is.
type fault struct {
	decoder
	open []byte // the brackets that are open
}

func (f *fault) find() string {
	if c := f.peek(); c != '{' {
		if reason := f.value(c); reason != "" {
			return reason
		}
		f.pos = 0
		f.peek()
		return "another JSON value, where an object was expected"
	}
	for {
		if reason := f.value(f.peek()); reason != "" {
			return reason
		}
		if reason, again := f.afterValue(); reason != "" || !again {
			return reason
		}
	}
}

// value moves past a scalar, or past all brackets and keys before the next scalar.
func (f *fault) value(c byte) string {
	for {
		switch {
		case c == '{' || c == '[':
			if !f.enter() {
				f.pos--
				return "objects and lists are nested deeper than 64"
			}
			f.open = append(f.open, c)
			if f.peek() == c+2 { // ] or }: empty
				f.shut()
				return ""
			}
			if c == '{' {
				if reason := f.key("a key in double quotes or } was expected"); reason != "" {
					return reason
				}
			}
			c = f.peek()
			continue
		case c == '"':
			return f.text()
		case c == '-' || c-'0' <= 9:
			if _, ok := f.scanNumber(); !ok {
				return "a number that JSON does not have"
			}
			return ""
		case c == 't' && f.literal("true"), c == 'f' && f.literal("false"), c == 'n' && f.literal("null"):
			return ""
		default:
			return f.ended("a value was expected")
		}
	}
}

// afterValue moves from the end of a value to the next one. It returns neither a reason
// nor true at the end of the body.
func (f *fault) afterValue() (reason string, again bool) {
	for len(f.open) > 0 {
		inList := f.open[len(f.open)-1] == '['
		switch c := f.peek(); {
		case c == ',':
			f.pos++
			if inList {
				if f.peek() == ']' {
					return "there is a comma with nothing after it", false
				}
				return "", true
			}
			if f.peek() == '}' {
				return "there is a comma with nothing after it", false
			}
			return f.key("a key in double quotes was expected"), true
		case c == ']' && inList, c == '}' && !inList:
			f.shut()
		case inList:
			return f.ended("a comma or ] was expected"), false
		default:
			return f.ended("a comma or } was expected"), false
		}
	}
	if f.atEnd() {
		return "", false
	}
	return "something comes after the object", false
}

func (f *fault) shut() {
	f.open = f.open[:len(f.open)-1]
	f.leave()
}

// key moves past a key and its colon.
func (f *fault) key(expected string) string {
	if f.peek() != '"' {
		return f.ended(expected)
	}
	if reason := f.text(); reason != "" {
		return reason
	}
	if !f.colon() {
		return f.ended("a colon was expected")
	}
	return ""
}

// ended returns what was expected, and whether the body ends in its place.
func (f *fault) ended(expected string) string {
	if f.pos >= len(f.data) {
		return "it ends where " + expected
	}
	return expected
}

// text moves past a string.
func (f *fault) text() string {
	start := f.pos
	if _, _, ok := f.scanString(); ok {
		return ""
	}
	for f.pos = start + 1; f.pos < len(f.data); {
		switch c := f.data[f.pos]; {
		case c < ' ':
			return "text has a control character, or a line break, that is not escaped"
		case c == '\\':
			n := escapeLength(f.data[f.pos:])
			if n == 0 {
				return "an escape that JSON does not have"
			}
			f.pos += n
		case c == '"':
			return "text that is not UTF-8" // seen before
		default:
			r, size := utf8.DecodeRune(f.data[f.pos:])
			if r == utf8.RuneError && size <= 1 {
				return "text that is not UTF-8"
			}
			f.pos += size
		}
	}
	return "it ends within text"
}
