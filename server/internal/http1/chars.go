package http1

// Classes of characters. A byte may be in several.
const (
	token   = 1 << iota // RFC 9110, 5.6.2
	visible             // of a request target: ASCII without control characters and space
	text                // of a field value: no control characters except the tab
	host                // of a name in Host
	hex
)

// class holds the classes of each byte.
var class = classes()

func classes() (class [256]uint8) {
	add := func(bits uint8, chars string) {
		for _, c := range []byte(chars) {
			class[c] |= bits
		}
	}
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	add(token, digits+letters+"!#$%&'*+-.^_`|~")
	add(host, digits+letters+"-._~")
	add(hex, digits+"abcdefABCDEF")
	for c := range class {
		if c > ' ' && c < 0x7f {
			class[c] |= visible
		}
		if c >= ' ' && c != 0x7f || c == '\t' {
			class[c] |= text
		}
	}
	return class
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// isWord reports whether b is word, which is in lower case, in any letter case.
func isWord(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if lower(c) != word[i] {
			return false
		}
	}
	return true
}

// trimSpace removes optional white space from both ends: RFC 9110, 5.6.3.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
