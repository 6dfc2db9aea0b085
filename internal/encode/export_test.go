//go:build !stdjson

package encode

// Trusted reports whether go-json encodes v.
func Trusted(v any) bool { return trusted(v, 0) }

// Remembered returns how many keys of how many bytes an encoder knows, and how many
// members it has room for.
func Remembered(e Encoder) (keys, size, members int) {
	for _, known := range e.backend.plain.shapes {
		if known.shape != nil {
			for _, key := range known.shape.keys {
				keys++
				size += len(key)
			}
		}
	}
	return keys, size, cap(e.backend.plain.members)
}

// Kept returns how many members an encoder keeps alive.
func Kept(e Encoder) (n int) {
	members := e.backend.plain.members
	for _, m := range members[:cap(members)] {
		if m != (member{}) {
			n++
		}
	}
	return n
}
