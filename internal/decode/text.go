package decode

import "unsafe"

// text is the string between two quotes, in memory of its own.
func (d *decoder) text(raw []byte, escaped bool) string {
	if escaped {
		d.scratch = unescape(d.scratch[:0], raw)
		raw = d.scratch
	}
	return d.copy(raw)
}

// Short strings share blocks: an allocation each is the dearest part of them.
const (
	blockSize   = 256
	shortString = 32
)

// copy makes a string that doesn't point into the body.
func (d *decoder) copy(b []byte) string {
	n := len(b)
	if n == 0 {
		return ""
	}
	if n > shortString {
		return string(b)
	}
	if n > len(d.block) {
		d.block = make([]byte, max(n, min(blockSize, len(d.data)-d.pos)))
	}
	s := d.block[:n:n]
	d.block = d.block[n:]
	copy(s, b)
	return unsafe.String(&s[0], n)
}

// keyCache is a power of two.
const keyCache = 64

// key is a key of a map. Records of a list have the same keys again and again.
func (d *decoder) key(raw []byte, escaped bool) string {
	if escaped || len(raw) == 0 || len(raw) > shortString || d.objects < 2 {
		return d.text(raw, escaped)
	}
	if d.keys == nil {
		d.keys = new([keyCache]string)
	}
	n := len(raw)
	slot := &d.keys[(n*7+int(raw[0])+int(raw[n-1])*5+int(raw[n/2])*3)%keyCache]
	if *slot != string(raw) {
		*slot = d.copy(raw)
	}
	return *slot
}
