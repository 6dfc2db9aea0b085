package http1

import "io"

// Source is the connection that a [Body] reads from.
type Source interface {
	// Buffered returns the bytes that came and were not discarded yet.
	Buffered() []byte

	// Discard removes the first n bytes of Buffered.
	Discard(n int)

	// Fill waits until more bytes are buffered. It is called while none are.
	Fill() error

	// Read reads buffered bytes where there are some, and otherwise waits for
	// bytes of the client.
	Read(p []byte) (n int, err error)
}

// Body is the body of one request, without its framing. It reads nothing of its
// source beyond the end of the request. The zero Body is empty.
type Body struct {
	source  Source
	chunked bool
	left    int64 // where it has a Content-Length
	framing framing
	err     error // how it ended
	begun   bool  // something of it was read
}

// Open begins the body of a request whose head has just been discarded.
func (b *Body) Open(head *Head, source Source) {
	*b = Body{source: source, chunked: head.Chunked, left: max(head.Length, 0)}
	if !head.HasBody() {
		b.err = io.EOF
	}
}

// Whole returns a body of which all is buffered, without a copy, and ends it. It
// returns nil for a chunked body and for one that did not come whole. An empty
// body is not nil.
func (b *Body) Whole() []byte {
	if b.chunked || b.begun {
		return nil
	}
	buffered := b.source.Buffered()
	if int64(len(buffered)) < b.left {
		return nil
	}
	whole := buffered[:b.left:b.left]
	b.source.Discard(len(whole))
	b.left, b.begun, b.err = 0, true, io.EOF
	return whole
}

// HasBegun reports whether something of the body has come, or it is empty.
func (b *Body) HasBegun() bool {
	return b.begun || b.err != nil || len(b.source.Buffered()) > 0
}

// Read reads the body. It ends with io.EOF only where all of it came: a source
// that ends before is [io.ErrUnexpectedEOF], wrong framing an [Error].
func (b *Body) Read(p []byte) (n int, err error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if b.chunked {
		n, err = b.readChunk(p)
	} else {
		n, err = b.source.Read(p[:min(int64(len(p)), b.left)])
		if b.left -= int64(n); b.left == 0 {
			err = io.EOF
		} else if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	b.begun = b.begun || n > 0
	b.err = err
	return n, err
}

// readChunk reads data of the next chunk.
func (b *Body) readChunk(p []byte) (int, error) {
	for b.framing.state != inData {
		if b.framing.state == atEnd {
			return 0, io.EOF
		}
		if len(b.source.Buffered()) == 0 {
			if err := b.source.Fill(); err != nil {
				return 0, unexpected(err)
			}
		}
		n, err := b.framing.read(b.source.Buffered())
		if b.source.Discard(n); err != nil {
			return 0, err
		}
	}
	n, err := b.source.Read(p[:min(int64(len(p)), b.framing.left)])
	b.framing.take(n)
	return n, unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
