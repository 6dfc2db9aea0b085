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
	if n > len(d.block)-d.used {
		d.block, d.used = make([]byte, max(n, min(blockSize, len(d.data)-d.pos))), 0
	}
	s := d.block[d.used:][:n]
	d.used += n
	copy(s, b)
	return unsafe.String(unsafe.SliceData(s), n)
}
