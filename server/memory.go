package server

import (
	"errors"
	"sync"
	"sync/atomic"
)

const (
	// ownBuffer is what each body may take without asking: what a client declares
	// costs nothing.
	ownBuffer = 4 << 10

	// firstGrowth is the size of buffers that are kept for further bodies, and
	// growth how many times larger the next one is: what a client has sent is
	// the earnest for what it declared.
	firstGrowth = 64 << 10
	growth      = 4

	// heapFactor is how much of the heap a byte takes: with Go's default GOGC,
	// the collector waits until the heap is twice what was used.
	heapFactor = 2
)

var (
	ownBuffers = sync.Pool{New: func() any { return new([ownBuffer]byte) }}

	// spareBuffers are those of firstGrowth bytes; there are never more of them.
	spareBuffers = make(chan []byte, 32)
)

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
	if !b.memory.reserve(size) {
		return content, errNoMemory
	}
	larger := append(newBuffer(size), content...)
	b.dropGrown()
	b.grown = larger
	return larger, nil
}

func newBuffer(size int64) []byte {
	if size == firstGrowth {
		select {
		case spare := <-spareBuffers:
			return spare[:0]
		default:
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
	b.memory.release(int64(cap(b.grown)))
	if cap(b.grown) == firstGrowth {
		select {
		case spareBuffers <- b.grown:
		default:
		}
	}
	b.grown = nil
}
