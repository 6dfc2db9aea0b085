//go:build !stdjson

package encode

// Remembered returns how many keys of at most how many bytes an encoder knows, and how many
// members it has room for.
func Remembered(e Encoder) (keys, longest, members int) {
	for _, known := range e.writer.shapes {
		if known.shape != nil {
			for _, key := range known.shape.keys {
				keys++
				longest = max(longest, len(key))
			}
		}
	}
	return keys, longest, cap(e.writer.members)
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
