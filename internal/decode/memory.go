package decode

import "sync"

// memory holds the keys that decoders of plain values have met, in the order in which
// they came. A decoder borrows a memory for one request. Values are in it only while the
// request is decoded.
type memory struct {
	keys  [knownKeys]knownKey
	met   [knownKeys]uint32   // by their first place: hashes of keys that were met once
	turn  uint8               // counts the keys that were not known
	none  knownKey            // stands for every key that is not known
	first [maxDepth + 1]uint8 // by depth: index of the key with which the last object began

	values  [knownKeys]any // texts of this request, by their hash
	lookups int            // how many more lookups of texts may find nothing
}

var memories = sync.Pool{New: func() any { return &memory{lookups: fewLookups} }}

// borrow takes a memory for the rest of the pass; give returns it. If a method of a type
// panics in between, the memory is left to the garbage collector.
func (d *decoder) borrow() *memory {
	d.memory = memories.Get().(*memory)
	return d.memory
}

// give returns the memory for use by other decoders, with nothing but keys in it.
func (d *decoder) give() {
	mem := d.memory
	if mem == nil {
		return
	}
	d.memory = nil
	if d.objects > 1 { // otherwise no text was put there
		clear(mem.values[:])
		mem.lookups = fewLookups
	}
	memories.Put(mem)
}
