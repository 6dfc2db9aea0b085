//go:build stdjson

package encode

// Trusted reports whether go-json encodes v: there is none.
func Trusted(any) bool { return true }
