//go:build stdjson

package encode

// Remembered and Kept are of what encoding/json has none of.
func Remembered(Encoder) (shapes, keys, longest, members int) { return 0, 0, 0, 0 }
func Kept(Encoder) int                                        { return 0 }
