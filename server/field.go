package server

import "bytes"

// The fields of a head are looked for where they came, since most requests are
// asked for few of them, or none.

// firstField returns the value of the first field of a name, nil where there is none.
func firstField(fields []byte, name string) []byte {
	value, _ := nextField(fields, name)
	return value
}

// allFields returns the values of all fields of a name.
func allFields(fields []byte, name string) (values [][]byte) {
	for {
		value, rest := nextField(fields, name)
		if value == nil {
			return values
		}
		values, fields = append(values, value), rest
	}
}

// nextField returns the value of the next field of a name, not nil though it may
// be empty, and what comes behind it.
func nextField(fields []byte, name string) (value, rest []byte) {
	for len(fields) > 0 {
		line := fields
		if end := bytes.IndexByte(fields, '\n'); end >= 0 {
			line, fields = fields[:end], fields[end+1:]
		} else {
			fields = nil
		}
		if n := len(name); len(line) > n && line[n] == ':' && isSameWord(line[:n], name) {
			return trimSpace(bytes.TrimSuffix(line[n+1:], []byte("\r"))), fields
		}
	}
	return nil, nil
}

// isText tells whether a field may have a value.
func isText(value string) bool {
	for i := range len(value) {
		if is[value[i]]&text == 0 {
			return false
		}
	}
	return true
}

// isSameWord compares two words of one length in any letter case.
func isSameWord(b []byte, word string) bool {
	for i, c := range b {
		if lower(c) != lower(word[i]) {
			return false
		}
	}
	return true
}
