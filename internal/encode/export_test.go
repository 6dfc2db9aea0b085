//go:build !stdjson

package encode

// Remembered returns how many shapes an encoder knows, of at most how many keys, of
// at most how many bytes; and how many members it has room for.
func Remembered(e Encoder) (shapes, keys, longest, members int) {
	for _, set := range e.writer.shapes {
		for _, known := range set.known {
			if known == nil {
				continue
			}
			shapes++
			keys = max(keys, len(known.keys))
			for _, key := range known.keys {
				longest = max(longest, len(key))
			}
		}
	}
	return shapes, keys, longest, cap(e.writer.members)
}

// Kept returns how many members an encoder keeps alive.
func Kept(e Encoder) (n int) {
	members := e.writer.members
	for _, m := range members[:cap(members)] {
		if m != (member{}) {
			n++
		}
	}
	return n
}
