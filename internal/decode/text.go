package decode

import "unsafe"

// text returns the value of a JSON string, see unescaped. The result shares no memory
// with the body.
func (d *decoder) text(raw []byte, escaped bool) string { return d.copy(d.unescaped(raw, escaped)) }

// unescaped returns the value of a JSON string. raw is what is between its quotes, and
// escaped reports whether that contains escapes. The result is valid until the next
// call, and as long as the body.
func (d *decoder) unescaped(raw []byte, escaped bool) []byte {
	if escaped {
		d.scratch = unescape(d.scratch[:0], raw)
		raw = d.scratch
	}
	return raw
}

// Strings of at most shortString bytes are not allocated one by one, but together in
// blocks of at most blockSize bytes. Without this, bodies of 1 KB take 4 % more
// instructions as objects and 15 % more as structs
// (go test -bench '(Object|Typed)/1KB' ./internal/decode).
const (
	blockSize   = 256
	shortString = 32
)

// copy returns b as a string that shares no memory with the body.
func (d *decoder) copy(b []byte) string {
	n := len(b)
	if n == 0 {
		return ""
	}
	if n > shortString {
		return string(b)
	}
	if n > len(d.block)-d.used {
		d.block, d.used = make([]byte, max(n, min(blockSize, len(d.data)-d.pos))), 0
	}
	s := d.block[d.used:][:n]
	d.used += n
	copy(s, b)
	return unsafe.String(unsafe.SliceData(s), n)
}
