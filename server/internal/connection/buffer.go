package connection

// FramingRoom is how much of the buffer is left behind the largest head, for the
// framing of a chunked body.
const FramingRoom = 1 << 10

// buffer holds what came and was not consumed. Its memory is there from the first
// read until Release.
type buffer struct {
	memory     *[]byte
	start, end int // of what is buffered
	kept       int // bytes at the beginning that stay as they are
}

// Buffered returns the bytes that came and were not consumed. There is room for
// MaxHead of them at least. They stay as they are until the next call of Fill,
// Read or Receive.
func (c *Conn) Buffered() []byte {
	if c.memory == nil {
		return nil
	}
	return (*c.memory)[c.start:c.end]
}

// Discard consumes the first n bytes of Buffered.
func (c *Conn) Discard(n int) { c.start += n }

// Keep consumes the first n bytes of Buffered like Discard, and keeps them as
// they are until Free.
func (c *Conn) Keep(n int) {
	c.start += n
	c.kept = c.start
}

// Free ends what Keep began.
func (c *Conn) Free() { c.kept = 0 }

// Fill waits until more bytes are buffered.
func (c *Conn) Fill() error {
	n, err := c.read(c.room())
	if c.end += n; n > 0 {
		return nil
	}
	return err
}

// room returns the part of the buffer into which the next bytes are read.
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

// Release gives the memory of the buffer back, together with what is in it.
func (c *Conn) Release() {
	if c.memory != nil {
		c.config.buffers.Put(c.memory)
	}
	c.buffer = buffer{}
}
