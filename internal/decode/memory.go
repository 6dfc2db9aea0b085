package decode

import "sync"

// memory is what decoders of plain values leave to each other: the keys that came,
// and in which order. Values are in it only while a request is decoded.
type memory struct {
	keys    [knownKeys]knownKey
	none    knownKey            // stands for a key that is not known
	first   [maxDepth + 1]uint8 // the known key that the last object of a depth began with
	learned int                 // keys in this request

	values [knownKeys]any // texts of this request
	hope   int            // of meeting one of them again
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// borrow takes a memory for the rest of the pass, which ends with give. A method of a
// type that panics is the end too: then the memory is lost to others.
func (d *decoder) borrow() *memory {
	d.memory = memories.Get().(*memory)
	return d.memory
}

// give leaves the memory to other decoders, with nothing but keys in it.
func (d *decoder) give() {
	mem := d.memory
	if mem == nil {
		return
	}
	d.memory = nil
	mem.learned = 0
	if d.objects > 1 { // otherwise no text was put there
		clear(mem.values[:])
		mem.hope = 0
	}
	memories.Put(mem)
}
