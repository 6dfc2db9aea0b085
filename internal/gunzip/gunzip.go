// Package gunzip decodes the bodies of requests that were compressed with gzip (RFC
// 1952) while they come. A body is one member, and nothing stands behind it.
package gunzip

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// Error is about a body that is not one whole member of gzip. Its text repeats nothing
// of the body.
type Error struct{ Reason string }

// Error returns what is wrong.
func (e *Error) Error() string { return "the body is not valid gzip: " + e.Reason }

// Reader decodes a body. The zero Reader is made ready with Reset; it takes some 50 KB
// from its first Read on, whatever the body says.
type Reader struct {
	in    *bufio.Reader
	gzip  *gzip.Reader
	begun bool
	err   error // of all later reads
}

// Reset makes r read from a body. Nothing is read before the first Read. With nil, r
// keeps nothing of the body before.
func (r *Reader) Reset(from io.Reader) {
	if r.in == nil {
		r.in, r.gzip = bufio.NewReader(nil), new(gzip.Reader)
	}
	r.in.Reset(from)
	r.begun, r.err = false, nil
}

// Read reads decoded bytes. A body without a byte has none. The error is io.EOF where
// the body is valid and nothing stands behind it, an [*Error] where it is not, or that
// of the body's own reader.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	if !r.begun {
		r.begun = true
		if r.err = explain(r.gzip.Reset(r.in)); r.err != nil {
			return 0, r.err
		}
		r.gzip.Multistream(false)
	}
	n, err := r.gzip.Read(p)
	if r.err = explain(err); r.err == io.EOF {
		r.err = r.atEnd()
	}
	return n, r.err
}

// atEnd returns io.EOF where the body has ended.
func (r *Reader) atEnd() error {
	_, err := r.in.ReadByte()
	if err == nil {
		return &Error{"something stands behind its end"}
	}
	return err
}

// explain returns the error for one of gzip's. Those of the body itself stay.
func explain(err error) error {
	var corrupt flate.CorruptInputError
	var internal flate.InternalError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{"it ends too early"}
	case errors.Is(err, gzip.ErrHeader):
		return &Error{"its header is broken"}
	case errors.Is(err, gzip.ErrChecksum):
		return &Error{"its checksum or its length is wrong"}
	case errors.As(err, &corrupt), errors.As(err, &internal):
		return &Error{"its data is broken"}
	}
	return err
}
