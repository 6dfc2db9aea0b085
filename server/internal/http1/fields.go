package http1

import (
	"bytes"
	"strings"
)

// Fields are the lines of header fields as they came, each with its CRLF. Most
// requests are asked for few of them, so they are searched and not indexed.
type Fields []byte

// First returns the value of the first field of a name in any letter case, nil
// where there is none.
func (f Fields) First(name string) []byte {
	value, _ := f.next(name)
	return value
}

// All returns the values of all fields of a name in any letter case.
func (f Fields) All(name string) (values [][]byte) {
	for {
		value, rest := f.next(name)
		if value == nil {
			return values
		}
		values, f = append(values, value), rest
	}
}

// Last returns the value of the last field of a name in any letter case, nil where
// there is none.
func (f Fields) Last(name string) (last []byte) {
	for {
		value, rest := f.next(name)
		if value == nil {
			return last
		}
		last, f = value, rest
	}
}

// next returns the value of the next field of a name, and the fields after it.
// An empty value is not nil.
func (f Fields) next(name string) (value []byte, rest Fields) {
	for len(f) > 0 {
		line := f
		if end := bytes.IndexByte(f, '\n'); end >= 0 {
			line, f = f[:end], f[end+1:]
		} else {
			f = nil
		}
		if n := len(name); len(line) > n && line[n] == ':' && isSameWord(line[:n], name) {
			return trimSpace(bytes.TrimSuffix(line[n+1:], []byte("\r"))), f
		}
	}
	return nil, nil
}

// Has reports whether a field of a name may be in the head. It is never wrong
// where it reports false, and it costs next to nothing.
func (h *Head) Has(name string) bool { return name != "" && h.names&bitOf(name) != 0 }

// nameSet is a set of field names, of which each sets one of 64 bits. It may
// hold more names than were added.
type nameSet uint64

func (s *nameSet) add(name []byte) { *s |= bitOf(name) }

func bitOf[S string | []byte](name S) nameSet {
	first, last := name[0]|0x20, name[len(name)-1]|0x20 // in lower case
	return 1 << ((uint(len(name))*7 + uint(first)*3 + uint(last)) % 64)
}

// IsFieldValue reports whether a field may have a value.
func IsFieldValue(value string) bool {
	for i := range len(value) {
		if class[value[i]]&text == 0 {
			return false
		}
	}
	return true
}

// HasElement reports whether a list has an element, in any letter case:
// RFC 9110, 5.6.1.
func HasElement(list, element string) bool {
	for e := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(e), element) {
			return true
		}
	}
	return false
}

// isSameWord reports whether two words of one length are the same in any letter case.
func isSameWord(b []byte, word string) bool {
	for i, c := range b {
		if lower(c) != lower(word[i]) {
			return false
		}
	}
	return true
}
