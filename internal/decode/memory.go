package decode

import "sync"

// memory caches the keys of objects of plain values, so that later requests with the same
// keys need not allocate them again. A decoder takes a memory from the pool for one
// request. The keys stay in it for later requests; the values are removed.
type memory struct {
	keys  [knownKeys]knownKey
	met   [knownKeys]uint32   // by home slot: part of the hash of a key that was met once
	turn  uint8               // counts the lookups of keys that found nothing; selects the slot to reuse
	none  knownKey            // used in place of every key that is not in keys
	first [maxDepth + 1]uint8 // by depth: index of the first key of the last object

	values  [knownKeys]any // strings of this request, by a hash of their text
	lookups int            // how many more lookups in values may find nothing before they stop
}

var memories = sync.Pool{New: func() any { return &memory{lookups: fewLookups} }}

// borrow takes a memory from the pool; give puts it back. If a method of a decoded type
// panics before that, the memory is not put back and the garbage collector frees it.
func (d *decoder) borrow() *memory {
	d.memory = memories.Get().(*memory)
	return d.memory
}

// give puts the memory back into the pool, without the values of this request. It does
// nothing if the decoder has no memory.
func (d *decoder) give() {
	mem := d.memory
	if mem == nil {
		return
	}
	d.memory = nil
	if d.objects > 1 { // boxText stores nothing before the second object
		clear(mem.values[:])
		mem.lookups = fewLookups
	}
	memories.Put(mem)
}
