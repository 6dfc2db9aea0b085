// Package parameter tells the texts of a request's path, query and form apart from those
// of its JSON: both are strings in an object, but only the former may stand for a number.
package parameter

import (
	"runtime"
	"strings"
	"sync"
	"unsafe"
	"weak"

	"github.com/apiphant/apiphant/internal/fields"
)

// texts are the strings that Value has made and that are still in use, by their address.
// When a string is freed, another may get its address; the weak pointer then is nil.
var texts sync.Map // of weak.Pointer[string] by uintptr

// Value returns a copy of a text as a string that [Is] recognizes, also where the
// interface is copied.
func Value(text string) any {
	p := new(string)
	*p = strings.Clone(text)
	address, pointer := uintptr(unsafe.Pointer(p)), weak.Make(p)
	texts.Store(address, pointer)
	runtime.AddCleanup(p, forget, entry{address, pointer})
	value := any("")
	(*fields.EmptyInterface)(unsafe.Pointer(&value)).Word = unsafe.Pointer(p)
	return value
}

type entry struct {
	address uintptr
	pointer weak.Pointer[string]
}

func forget(e entry) { texts.CompareAndDelete(e.address, e.pointer) }

// Is reports whether value is a string that Value has made.
func Is(value any) bool {
	if _, ok := value.(string); !ok {
		return false
	}
	p := (*fields.EmptyInterface)(unsafe.Pointer(&value)).Word
	pointer, ok := texts.Load(uintptr(p))
	return ok && unsafe.Pointer(pointer.(weak.Pointer[string]).Value()) == p
}
