package apiphant

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/apiphant/apiphant/internal/gunzip"
)

const (
	// firstDecoded is the size in bytes of the first buffer that a body is decoded
	// into. It is not taken from a door's memory.
	firstDecoded = 4 << 10

	// nextDecoded is the size in bytes of the next buffer, and decodedGrowth how many
	// times larger the next ones are.
	nextDecoded   = 64 << 10
	decodedGrowth = 4

	// The bounds of bodies where a door does not say its own.
	usualBody   = 1 << 20
	usualUpload = 1 << 30
)

// isGzip reports whether a Content-Encoding is gzip, which is also named x-gzip: RFC
// 9110, section 8.4.1.3.
func isGzip(coding string) bool {
	return strings.EqualFold(coding, "gzip") || strings.EqualFold(coding, "x-gzip")
}

// isCompressed reports whether the body is to be decoded, or returns an error where it
// has a Content-Encoding that is not known.
func (c *Call) isCompressed() (bool, error) {
	switch coding := c.door.Header("Content-Encoding"); {
	case coding == "", strings.EqualFold(coding, "identity"):
		return false, nil
	case !c.acceptGzip:
		c.SetHeader("Accept-Encoding", "identity") // RFC 9110, sections 12.5.3 and 15.5.16
	case isGzip(coding):
		return true, nil
	default:
		c.SetHeader("Accept-Encoding", "gzip")
	}
	return false, &Error{Status: http.StatusUnsupportedMediaType}
}

// bodyLimit returns how many bytes the body may have, also when it is decoded.
func (c *Call) bodyLimit() int64 {
	endpoint := c.match.Endpoint
	if door, ok := c.door.(BodyBounder); ok {
		return door.BodyLimit()
	}
	if endpoint.RawRequest || endpoint.Files {
		return cmp.Or(endpoint.MaxBody, usualUpload)
	}
	return cmp.Or(endpoint.MaxBody, usualBody)
}

var gunzips = sync.Pool{New: func() any { return new(gunzip.Reader) }}

// gunzip returns the decoded body of a request that was compressed. The memory for it
// is taken as it is decoded, and never more than the body may have.
func (c *Call) gunzip(body []byte) ([]byte, error) {
	reader := gunzips.Get().(*gunzip.Reader)
	reader.Reset(bytes.NewReader(body))
	defer func() { reader.Reset(nil); gunzips.Put(reader) }()
	limit := c.bodyLimit()
	decoded := make([]byte, 0, min(firstDecoded, limit+1))
	for {
		if len(decoded) == cap(decoded) {
			size := min(max(nextDecoded, decodedGrowth*int64(cap(decoded))), limit+1) // so that one byte too many is seen
			if !c.takeMemory(size - int64(cap(decoded))) {
				c.SetHeader("Retry-After", "1")
				return nil, &Error{Status: http.StatusServiceUnavailable}
			}
			decoded = append(make([]byte, 0, size), decoded...)
		}
		n, err := reader.Read(decoded[len(decoded):cap(decoded)])
		decoded = decoded[:len(decoded)+n]
		switch {
		case int64(len(decoded)) > limit:
			return nil, &Error{Status: http.StatusRequestEntityTooLarge}
		case err == io.EOF:
			return decoded, nil
		case err != nil:
			return nil, codingError(err)
		}
	}
}

// takeMemory reports whether the door has memory for so many bytes of a body.
func (c *Call) takeMemory(bytes int64) bool {
	door, ok := c.door.(MemoryKeeper)
	return !ok || door.TakeMemory(bytes)
}

// codingError returns the error for a body that can't be decoded.
func codingError(err error) error {
	var broken *gunzip.Error
	if errors.As(err, &broken) {
		return &Error{Status: http.StatusBadRequest, Err: broken}
	}
	return err
}

// decodeRequest lets a function that reads the request itself read a body that is
// compressed with gzip as one that is not: without its Content-Encoding, and without
// its length, as net/http's Transport does with answers.
func (c *Call) decodeRequest(r *http.Request) {
	codings := r.Header["Content-Encoding"]
	if !c.acceptGzip || len(codings) != 1 || !isGzip(codings[0]) {
		return
	}
	r.Header.Del("Content-Encoding")
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	body := &decodedBody{from: r.Body}
	body.reader.Reset(r.Body)
	r.Body = http.MaxBytesReader(nil, body, c.bodyLimit())
}

// decodedBody is a body that is decoded while it is read. What keeps it can't read on
// after the call, since it can't read the body that it is decoded from.
type decodedBody struct {
	mu     sync.Mutex
	from   io.ReadCloser
	reader gunzip.Reader
}

func (b *decodedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.reader.Read(p)
	if err != nil && err != io.EOF {
		err = codingError(err)
	}
	return n, err
}

func (b *decodedBody) Close() error { return b.from.Close() }
