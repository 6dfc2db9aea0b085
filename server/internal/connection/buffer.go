package connection

// FramingRoom is how many bytes a buffer has beyond Config.MaxHead. The framing of a
// chunked body is read into them while a head of that size is kept: see [Conn.Keep].
const FramingRoom = 1 << 10

// buffer holds the bytes that were received and are not consumed yet. Its memory is
// allocated by the first read and given back by Release, so that an idle connection
// needs none.
type buffer struct {
	memory     *[]byte
	start, end int // memory[start:end] is not consumed yet
	kept       int // memory[:kept] must not be overwritten: see Keep
}

// Buffered returns the bytes that were received and are not consumed yet. Where none
// are kept, the buffer has room for at least Config.MaxHead bytes. The slice is valid
// until the next call of Fill, Read, Receive or Release.
func (c *Conn) Buffered() []byte {
	if c.memory == nil {
		return nil
	}
	return (*c.memory)[c.start:c.end]
}

// Discard consumes the first n bytes of Buffered.
func (c *Conn) Discard(n int) { c.start += n }

// Keep consumes the first n bytes of Buffered, like Discard, but they stay valid
// until Free or Release: no read overwrites them.
func (c *Conn) Keep(n int) {
	c.start += n
	c.kept = c.start
}

// Free allows reads to overwrite the bytes that Keep has kept.
func (c *Conn) Free() { c.kept = 0 }

// Fill waits until the client has sent more, and adds it to Buffered. It returns an
// error only if nothing was added.
func (c *Conn) Fill() error {
	n, err := c.read(c.room())
	if c.end += n; n > 0 {
		return nil
	}
	return err
}

// room returns the free part of the buffer, for the next read. To make it larger, room
// first moves the bytes that are not consumed to the front, after those that are kept.
func (c *Conn) room() []byte {
	if c.memory == nil {
		c.memory = c.config.newBuffer()
	}
	b := *c.memory
	if c.start > c.kept {
		c.end = c.kept + copy(b[c.kept:], b[c.start:c.end])
		c.start = c.kept
	}
	return b[c.end:]
}

func (f *Config) newBuffer() *[]byte {
	if b, ok := f.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, f.MaxHead+FramingRoom)
	return &b
}

// Release returns the memory of the buffer to the pool. Bytes that are not consumed are
// lost.
func (c *Conn) Release() {
	if c.memory != nil {
		c.config.buffers.Put(c.memory)
	}
	c.buffer = buffer{}
}
