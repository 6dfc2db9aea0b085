package server

import (
	"errors"
	"math/bits"
	"sync"
	"unsafe"
)

const (
	// ownBuffer is what each body may take without counting against BodyMemory. A
	// client that declares a large body and sends nothing takes no more than that.
	ownBuffer = 4 << 10

	// firstGrowth is the size of the first buffer beyond that, and growth is how
	// many times larger the next one may be. So a client that declares a large
	// body gets memory for it only as far as it has sent a part of it. Sizes up to
	// lastSpare are powers of two, and such buffers are used again.
	firstGrowth = 64 << 10
	growth      = 4
	lastSpare   = 1 << 20

	// heapFactor is how many bytes of heap a byte in use takes: with Go's default
	// GOGC, the collector waits until the heap is twice as large as what is in use.
	heapFactor = 2
)

var (
	ownBuffers = sync.Pool{New: func() any { return new([ownBuffer]byte) }}

	// spareBuffers are pools of buffers of firstGrowth bytes, of twice as many, and so on.
	spareBuffers [5]sync.Pool
)

// spareOf returns the pool of buffers of a size; nil: there is none.
func spareOf(size int64) *sync.Pool {
	if size < firstGrowth || size > lastSpare || size&(size-1) != 0 {
		return nil
	}
	return &spareBuffers[bits.TrailingZeros64(uint64(size/firstGrowth))]
}

var errNoMemory = errors.New("no memory is left for the body") // of Server.BodyMemory

// bodyMemory is what the bodies of all requests may take together, in bytes.
type bodyMemory struct{ *quota }

// memoryBatch is how many bytes a shard of bodyMemory gets at a time.
const memoryBatch = 1 << 20

func (m bodyMemory) reserve(shard int, bytes int64) bool { return m.take(shard, bytes*heapFactor) }
func (m bodyMemory) release(shard int, bytes int64)      { m.give(shard, bytes*heapFactor) }

// bodyBuffer is what one body is read into. The zero one is empty.
type bodyBuffer struct {
	memory bodyMemory
	shard  int
	own    *[ownBuffer]byte
	grown  []byte // in place of own
}

// bytes returns the first buffer, empty.
func (b *bodyBuffer) bytes() []byte {
	if b.own == nil {
		b.own = ownBuffers.Get().(*[ownBuffer]byte)
	}
	return b.own[:0]
}

// grow returns a larger buffer with the same content, for a body of at most size
// bytes.
func (b *bodyBuffer) grow(content []byte, size int64) ([]byte, error) {
	size = max(firstGrowth, min(growth*int64(cap(content)), size))
	if size <= lastSpare {
		size = 1 << bits.Len64(uint64(size-1)) // the next power of two
	}
	if !b.memory.reserve(b.shard, size) {
		return content, errNoMemory
	}
	larger := append(newBuffer(size), content...)
	b.dropGrown()
	b.grown = larger
	return larger, nil
}

func newBuffer(size int64) []byte {
	if spare := spareOf(size); spare != nil {
		if b, ok := spare.Get().(*byte); ok {
			return unsafe.Slice(b, size)[:0]
		}
	}
	return make([]byte, 0, size)
}

// free gives the memory back.
func (b *bodyBuffer) free() {
	b.dropGrown()
	if b.own != nil {
		ownBuffers.Put(b.own)
		b.own = nil
	}
}

func (b *bodyBuffer) dropGrown() {
	if b.grown == nil {
		return
	}
	size := int64(cap(b.grown))
	b.memory.release(b.shard, size)
	if spare := spareOf(size); spare != nil {
		spare.Put(unsafe.SliceData(b.grown))
	}
	b.grown = nil
}
