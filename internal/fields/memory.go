package fields

import "unsafe"

// SliceHeader is the memory layout of a slice of any type.
type SliceHeader struct {
	Data     unsafe.Pointer
	Len, Cap int
}

// EmptyInterface is the memory layout of an any. Word points to the value, or is the
// value itself if that is a pointer, a map or the like.
type EmptyInterface struct{ Type, Word unsafe.Pointer }
