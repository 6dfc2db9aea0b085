//go:build stdjson

package encode

// Trusted reports whether go-json encodes v: there is none.
func Trusted(any) bool { return true }

// Remembered and Kept are of what encoding/json has none of.
func Remembered(Encoder) (keys, size, members int) { return 0, 0, 0 }
func Kept(Encoder) int                             { return 0 }
