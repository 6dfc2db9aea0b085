package lambdaemulator

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"

	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
)

// urlStream sends an answer of a function URL that streams.
type urlStream struct {
	w       http.ResponseWriter
	request *http.Request
	prelude []byte
	begun   bool
}

// maxPrelude bounds status and headers of an answer that streams, in bytes.
const maxPrelude = 64 << 10

var errPrelude = errors.New("status and headers of an answer that streams must be followed by eight zero bytes")

// open returns where an answer with that Content-Type streams to, or nil.
func (s *urlStream) open(contentType string) io.Writer {
	if contentType != gateway.StreamType {
		return nil
	}
	return s
}

// Write sends what is behind the prelude.
func (s *urlStream) Write(p []byte) (int, error) {
	rest := p
	if !s.begun {
		s.prelude = append(s.prelude, p...)
		head, body, found := bytes.Cut(s.prelude, make([]byte, 8))
		switch {
		case !found && len(s.prelude) > maxPrelude:
			return 0, errPrelude
		case !found:
			return len(p), nil
		}
		answer, err := gateway.Head(head)
		if err != nil {
			return 0, err
		}
		s.begun, rest = true, body
		maps.Copy(s.w.Header(), answer.Header)
		s.w.WriteHeader(answer.Status)
	}
	if err := writeFlushed(s.w, rest); err != nil {
		return 0, err
	}
	return len(p), nil
}
