package server

import (
	"errors"
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"
)

const (
	// ownBuffer is what each body may take without asking: what a client declares
	// costs nothing.
	ownBuffer = 4 << 10

	// firstGrowth is the size of the first buffer beyond that, and growth how many
	// times larger the next one may be: what a client has sent is the earnest for
	// what it declared. Up to lastSpare, sizes are powers of two, and buffers are
	// kept for further bodies.
	firstGrowth = 64 << 10
	growth      = 4
	lastSpare   = 1 << 20

	// heapFactor is how much of the heap a byte takes: with Go's default GOGC,
	// the collector waits until the heap is twice what was used.
	heapFactor = 2
)

var (
	ownBuffers = sync.Pool{New: func() any { return new([ownBuffer]byte) }}

	// spareBuffers are those of firstGrowth bytes, of twice as many, and so on.
	spareBuffers [5]sync.Pool
)

// spareOf returns where buffers of a size are kept, nil for one that isn't.
func spareOf(size int64) *sync.Pool {
	if size < firstGrowth || size > lastSpare || size&(size-1) != 0 {
		return nil
	}
	return &spareBuffers[bits.TrailingZeros64(uint64(size/firstGrowth))]
}

var errNoMemory = errors.New("there is no memory for the body") // beyond BodyMemory

// bodyMemory is what the bodies of all requests may take together.
type bodyMemory struct {
	most int64
	used atomic.Int64
	peak atomic.Int64 // of used, about
}

func (m *bodyMemory) reserve(bytes int64) bool {
	used := m.used.Add(bytes * heapFactor)
	if used <= m.most {
		if m.peak.Load() < used {
			m.peak.Store(used)
		}
		return true
	}
	m.release(bytes)
	return false
}

func (m *bodyMemory) release(bytes int64) { m.used.Add(-bytes * heapFactor) }

// bodyBuffer is what one body is read into. The zero one is empty.
type bodyBuffer struct {
	memory *bodyMemory
	own    *[ownBuffer]byte
	grown  []byte // in place of own
}

// bytes returns the buffer as it stands, with nothing in it.
func (b *bodyBuffer) bytes() []byte {
	if b.own == nil {
		b.own = ownBuffers.Get().(*[ownBuffer]byte)
	}
	return b.own[:0]
}

// grow returns a larger buffer with the same content, for a body of size bytes
// at most.
func (b *bodyBuffer) grow(content []byte, size int64) ([]byte, error) {
	size = max(firstGrowth, min(growth*int64(cap(content)), size))
	if size <= lastSpare {
		size = 1 << bits.Len64(uint64(size-1)) // the next power of two
	}
	if !b.memory.reserve(size) {
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

// free gives back what the buffer took.
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
	b.memory.release(size)
	if spare := spareOf(size); spare != nil {
		spare.Put(unsafe.SliceData(b.grown))
	}
	b.grown = nil
}
