package decode

import "encoding/binary"

// quoted is a key without quotes, backslashes and control characters, which is at a
// place of a body exactly where its bytes are: two quotes, the text between them, and
// a colon. (It may also be there in other ways: escaped, or with white space before
// the colon.) The bytes are compared eight at a time.
type quoted struct {
	text       string
	head, mask uint64 // the first eight bytes, or as many as there are
	tail       uint64 // the last eight, where there are more
	length     int    // how many there are; 0: no key
}

func quote(text string) quoted {
	q := quoted{text: text, length: len(text) + len(`"":`)}
	var room [shortString + 8]byte
	b := append(append(append(room[:0], '"'), text...), `":`...)
	for i := range b[:min(len(b), 8)] {
		q.head |= uint64(b[i]) << (8 * i)
		q.mask |= 0xff << (8 * i)
	}
	if len(b) > 8 {
		q.tail = binary.LittleEndian.Uint64(b[len(b)-8:])
	}
	return q
}

// isAt says whether the key's bytes are at pos. Near the end of the body it says no.
func (q *quoted) isAt(data []byte, pos int) bool {
	n := q.length
	if n == 0 || pos+n+8 > len(data) {
		return false
	}
	b := data[pos : pos+n+8]
	return binary.LittleEndian.Uint64(b)&q.mask == q.head &&
		(n <= 8 || binary.LittleEndian.Uint64(b[n-8:]) == q.tail && (n <= 16 || string(b[1:n-2]) == q.text))
}
