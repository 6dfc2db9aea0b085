package http1

import (
	"bytes"
	"net/http"
)

// MaxFields is how many fields a head may have.
const MaxFields = 100

// Head is the head of a request: the request line, the fields and the empty
// line after them. Its slices point into the bytes that Parse was given.
type Head struct {
	Method []byte
	Target []byte // as it came
	Host   []byte // the value of the field; nil: there is none
	Fields Fields // all of them, as they came
	Size   int    // in bytes, with the empty line

	HTTP10  bool  // HTTP/1.0; otherwise it is HTTP/1.1
	Chunked bool  // the body comes in chunks
	Length  int64 // Content-Length; -1: there is no such field

	// Special is set where a field asks for something beyond a request and a
	// response on a connection that stays open: Expect, Trailer, a Connection
	// other than keep-alive. It is also set for a Host in brackets, of which
	// Parse checks the characters and not the address.
	Special bool

	authority []byte // of the target; nil: it has none
	names     nameSet
}

// Parse reads a head at the beginning of b, by RFC 9112. It returns the size of
// the head, or 0 where more bytes must come. An [Error] is returned as soon as
// the bytes can't become a valid head. Parse does not allocate without an error.
func (h *Head) Parse(b []byte) (size int, err error) {
	*h = Head{Length: -1}
	at, err := h.requestLine(b)
	if at == 0 || err != nil {
		return 0, err
	}
	first := at
	for fields := 0; ; fields++ {
		switch {
		case at == len(b):
			return 0, nil
		case b[at] == '\r':
			h.Fields = b[first:at]
			if size, err = h.end(b, at); err == nil {
				h.Size = size
			}
			return h.Size, err
		case fields == MaxFields:
			return 0, &Error{http.StatusRequestHeaderFieldsTooLarge, "too many header fields"}
		}
		n, err := h.field(b[at:])
		if n == 0 || err != nil {
			return 0, err
		}
		at += n
	}
}

// Clone returns a copy whose slices are its own.
func (h *Head) Clone() Head {
	clone := *h
	for _, part := range []*[]byte{&clone.Method, &clone.Target, &clone.Host, (*[]byte)(&clone.Fields), &clone.authority} {
		*part = bytes.Clone(*part)
	}
	return clone
}

// IsPost reports whether the method is POST.
func (h *Head) IsPost() bool { return string(h.Method) == http.MethodPost }

// HasBody reports whether a body follows the head.
func (h *Head) HasBody() bool { return h.Chunked || h.Length > 0 }

// AsksToContinue reports whether the client waits for "100 Continue" before it
// sends the body: RFC 9110, 10.1.1.
func (h *Head) AsksToContinue() bool {
	return h.Special && !h.HTTP10 && isWord(h.Fields.First("Expect"), "100-continue")
}

// AsksToClose reports whether "Connection: close" is among the fields.
func (h *Head) AsksToClose() bool {
	if !h.Special {
		return false
	}
	for _, value := range h.Fields.All("Connection") {
		if HasElement(string(value), "close") {
			return true
		}
	}
	return false
}

// EmptyLines returns how many bytes of empty lines stand before a request line.
// RFC 9112, 2.2, lets a server skip them, since some clients send one after a body.
func EmptyLines(b []byte) (size int) {
	for len(b) >= size+2 && b[size] == '\r' && b[size+1] == '\n' {
		size += len("\r\n")
	}
	return size
}

// end reads the empty line.
func (h *Head) end(b []byte, at int) (int, error) {
	switch {
	case at+1 == len(b):
		return 0, nil
	case b[at+1] != '\n':
		return 0, bad("CR without LF")
	}
	return at + len("\r\n"), h.check()
}

// requestLine reads METHOD SP TARGET SP VERSION: RFC 9112, 3.
func (h *Head) requestLine(b []byte) (int, error) {
	i := 0
	for i < len(b) && class[b[i]]&token != 0 {
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	if i == 0 || b[i] != ' ' {
		return 0, bad("no method")
	}
	h.Method = b[:i]
	start := i + 1
	for i = start; i < len(b) && class[b[i]]&visible != 0; i++ {
	}
	if i == len(b) {
		return 0, nil
	}
	if i == start || b[i] != ' ' {
		return 0, bad("no request target, or no version after it")
	}
	n, err := h.version(b[i+1:])
	if n == 0 || err != nil {
		return 0, err
	}
	h.Target = b[start:i]
	return i + 1 + n, h.checkTarget()
}

// version reads the rest of the request line.
func (h *Head) version(b []byte) (int, error) {
	const n = len("HTTP/1.1\r\n")
	if len(b) < n {
		if bytes.IndexByte(b, '\n') >= 0 {
			return 0, bad("the request line does not end in a version and CRLF")
		}
		return 0, nil
	}
	switch line := b[:n]; {
	case string(line) == "HTTP/1.1\r\n":
		return n, nil
	case string(line) == "HTTP/1.0\r\n":
		h.HTTP10 = true
		return n, nil
	case string(line[:5]) == "HTTP/" && isDigit(line[5]) && line[6] == '.' && isDigit(line[7]) && string(line[8:]) == "\r\n":
		return 0, &Error{http.StatusHTTPVersionNotSupported, "HTTP version other than 1.0 and 1.1"}
	}
	return 0, bad("the request line does not end in a version and CRLF")
}

// field reads NAME ":" OWS VALUE OWS CRLF: RFC 9112, 5.
func (h *Head) field(b []byte) (int, error) {
	i := 0
	for i < len(b) && class[b[i]]&token != 0 {
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	if i == 0 || b[i] != ':' {
		return 0, bad("invalid field name, white space before its colon, or a folded line")
	}
	start := i + 1
	for i = start; i < len(b) && class[b[i]]&text != 0; i++ {
	}
	switch {
	case i < len(b) && b[i] != '\r':
		return 0, bad("control character or LF without CR in a field value")
	case i+1 >= len(b):
		return 0, nil
	case b[i+1] != '\n':
		return 0, bad("CR without LF in a field value")
	}
	return i + len("\r\n"), h.take(b[:start-1], b[start:i])
}

// take keeps the fields that the framing and the host depend on.
func (h *Head) take(name, value []byte) error {
	h.names.add(name)
	switch {
	case isWord(name, "host"):
		if h.Host != nil {
			return bad("several Host")
		}
		if h.Host = trimSpace(value); !IsHost(h.Host) {
			return bad("invalid Host")
		}
		h.Special = h.Special || h.Host[0] == '['
	case isWord(name, "content-length"):
		if h.Length >= 0 {
			return bad("several Content-Length")
		}
		var err error
		h.Length, err = parseLength(trimSpace(value))
		return err
	case isWord(name, "transfer-encoding"):
		if h.Chunked || !isWord(trimSpace(value), "chunked") {
			return bad("Transfer-Encoding other than chunked")
		}
		h.Chunked = true
	case isWord(name, "connection"):
		h.Special = h.Special || !isWord(trimSpace(value), "keep-alive")
	case isWord(name, "expect"), isWord(name, "trailer"):
		h.Special = true
	}
	return nil
}

// check compares the fields with each other and with the request line.
func (h *Head) check() error {
	switch {
	case h.Chunked && h.Length >= 0:
		return bad("Content-Length with Transfer-Encoding") // RFC 9112, 6.3
	case h.Chunked && h.HTTP10:
		return bad("Transfer-Encoding in HTTP/1.0") // RFC 9112, 6.1
	case h.Host == nil && !h.HTTP10:
		return bad("no Host") // RFC 9112, 3.2
	case h.Host != nil && h.authority != nil && !bytes.EqualFold(h.Host, h.authority):
		return bad("the request target names another host than Host") // RFC 9112, 3.2.2
	}
	return nil
}
