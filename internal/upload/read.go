package upload

import (
	"io"
	"net/http"
	"sync"
)

// chunk is how much of a file is read at a time.
const chunk = 32 << 10

var chunks = sync.Pool{New: func() any { return new([chunk]byte) }}

// sniffed is how much of a file http.DetectContentType looks at.
const sniffed = 512

// read reads a file: into memory while there is room, and then into a temporary file.
func (r *reader) read(c *Content, from io.Reader) error {
	buffer := chunks.Get().(*[chunk]byte)
	defer chunks.Put(buffer)
	for {
		n, end := io.ReadFull(from, buffer[:])
		if n > 0 {
			if c.Size == 0 {
				c.Detected = http.DetectContentType(buffer[:min(n, sniffed)])
			}
			if err := r.keep(c, buffer[:n]); err != nil {
				return err
			}
		}
		switch end {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return r.ended(c, from)
		default:
			return bodyError(end)
		}
	}
}

// ended tells the end of a part from that of a body that did not come whole.
func (r *reader) ended(c *Content, from io.Reader) error {
	if _, err := from.Read(make([]byte, 1)); err != io.EOF {
		return bodyError(err)
	}
	if c.Size == 0 {
		c.Detected = http.DetectContentType(nil)
	}
	return nil
}

// keep adds bytes to a file.
func (r *reader) keep(c *Content, bytes []byte) error {
	c.Size += int64(len(bytes))
	if c.spool == nil && !r.grow(c, len(bytes)) {
		if err := r.spill(c); err != nil {
			return err
		}
	}
	if c.spool != nil {
		_, err := c.spool.Write(bytes)
		return err
	}
	c.memory = append(c.memory, bytes...)
	return nil
}

// spill moves what was read of a file so far into the form's spool.
func (r *reader) spill(c *Content) (err error) {
	if r.form.spool == nil {
		if r.form.spool, err = newSpool(); err != nil {
			return err
		}
	}
	c.spool, c.offset = r.form.spool, r.form.spool.size
	_, err = c.spool.Write(c.memory)
	c.memory = nil
	return err
}

// grow makes room in memory for more bytes of a file, and reports whether it could.
func (r *reader) grow(c *Content, more int) bool {
	need := len(c.memory) + more
	if need <= cap(c.memory) {
		return true
	}
	size := max(need, min(4*cap(c.memory), r.memory+cap(c.memory)))
	taken := size - cap(c.memory)
	if taken > r.memory || !r.Take(int64(taken)) {
		return false
	}
	r.memory -= taken
	c.memory = append(make([]byte, 0, size), c.memory...)
	return true
}
