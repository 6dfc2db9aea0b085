package server

import (
	"bytes"
	"math"
	"net/http"
)

// maxFields is how many header fields a request may have.
const maxFields = 100

// head is what the framing of a request depends on, and what says for whom it is.
type head struct {
	http10    bool
	post      bool
	unusual   bool   // it has a field by which the connection is treated otherwise than most
	target    []byte // as it came
	fields    []byte // as they came, to the empty line
	size      int    // in bytes
	authority []byte // of the target; nil: it has none
	host      []byte // nil: there is no such field
	length    int64  // -1: there is no such field
	chunked   bool
	names     names
}

// names is a set of header names that may take in more than were added. Most of
// what is looked for in a request is not there, and this tells so for next to nothing.
type names uint64

func bitOf[S string | []byte](name S) names {
	first, last := name[0]|0x20, name[len(name)-1]|0x20 // in small letters
	return 1 << ((uint(len(name))*7 + uint(first)*3 + uint(last)) % 64)
}

// has tells whether a name may have been added.
func (n names) has(name string) bool { return name != "" && n&bitOf(name) != 0 }

// read reads a head, from the method to the empty line, by RFC 9112, and is as
// strict wherever that leaves a choice. It returns the bytes that it has, or 0
// where more must come; what is wrong already is an error at once.
func (h *head) read(b []byte) (int, error) {
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
			h.fields = b[first:at]
			return h.end(b, at)
		case fields == maxFields:
			return 0, &malformed{http.StatusRequestHeaderFieldsTooLarge, "too many header fields"}
		}
		n, err := h.field(b[at:])
		if n == 0 || err != nil {
			return 0, err
		}
		at += n
	}
}

// end reads the empty line.
func (h *head) end(b []byte, at int) (int, error) {
	switch {
	case at+1 == len(b):
		return 0, nil
	case b[at+1] != '\n':
		return 0, bad("CR alone")
	}
	return at + len("\r\n"), h.check()
}

// requestLine reads METHOD SP TARGET SP VERSION: RFC 9112, 3.
func (h *head) requestLine(b []byte) (int, error) {
	i := 0
	for i < len(b) && is[b[i]]&token != 0 {
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	if i == 0 || b[i] != ' ' {
		return 0, bad("no method")
	}
	method := b[:i]
	start := i + 1
	for i = start; i < len(b) && is[b[i]]&visible != 0; i++ {
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
	return i + 1 + n, h.takeTarget(method, b[start:i])
}

// version reads what is left of the request line.
func (h *head) version(b []byte) (int, error) {
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
		h.http10 = true
		return n, nil
	case string(line[:5]) == "HTTP/" && isDigit(line[5]) && line[6] == '.' && isDigit(line[7]) && string(line[8:]) == "\r\n":
		return 0, &malformed{http.StatusHTTPVersionNotSupported, "HTTP version other than 1.0 and 1.1"}
	}
	return 0, bad("the request line does not end in a version and CRLF")
}

// takeTarget knows the four forms of RFC 9112, 3.2.
func (h *head) takeTarget(method, target []byte) error {
	h.post, h.target = string(method) == http.MethodPost, target
	if bytes.IndexByte(target, '#') >= 0 {
		return bad("fragment in the request target")
	}
	switch {
	case string(method) == http.MethodConnect:
		if bytes.IndexByte(target, ':') < 0 {
			return bad("CONNECT without a port")
		}
		h.authority = target
	case target[0] == '/':
	case string(target) == "*":
		if string(method) != http.MethodOptions {
			return bad("* is for OPTIONS")
		}
	default:
		scheme, rest, found := bytes.Cut(target, []byte("://"))
		if !found || !isWord(scheme, "http") && !isWord(scheme, "https") {
			return bad("request target of no known form")
		}
		if end := bytes.IndexAny(rest, "/?"); end >= 0 {
			rest = rest[:end]
		}
		h.authority = rest
	}
	if h.authority != nil && !isHost(h.authority) {
		return bad("invalid authority in the request target") // user information, too
	}
	return nil
}

// field reads NAME ":" OWS VALUE OWS CRLF: RFC 9112, 5.
func (h *head) field(b []byte) (int, error) {
	i := 0
	for i < len(b) && is[b[i]]&token != 0 {
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	if i == 0 || b[i] != ':' {
		return 0, bad("invalid header name, white space before its colon, or a folded line")
	}
	start := i + 1
	for i = start; i < len(b) && is[b[i]]&text != 0; i++ {
	}
	switch {
	case i < len(b) && b[i] != '\r':
		return 0, bad("control character or LF alone in a header value")
	case i+1 >= len(b):
		return 0, nil
	case b[i+1] != '\n':
		return 0, bad("CR alone in a header value")
	}
	return i + len("\r\n"), h.take(b[:start-1], b[start:i])
}

// take keeps the fields that the framing and the host depend on.
func (h *head) take(name, value []byte) error {
	h.names |= bitOf(name)
	switch {
	case isWord(name, "host"):
		if h.host != nil {
			return bad("several Host")
		}
		if h.host = trimSpace(value); !isHost(h.host) {
			return bad("invalid Host")
		}
		h.unusual = h.unusual || h.host[0] == '[' // fasthttp checks the address
	case isWord(name, "content-length"):
		if h.length >= 0 {
			return bad("several Content-Length")
		}
		var err error
		h.length, err = parseLength(trimSpace(value))
		return err
	case isWord(name, "transfer-encoding"):
		if h.chunked || !isWord(trimSpace(value), "chunked") {
			return bad("Transfer-Encoding other than chunked")
		}
		h.chunked = true
	case isWord(name, "connection"):
		h.unusual = h.unusual || !isWord(trimSpace(value), "keep-alive")
	case isWord(name, "expect"), isWord(name, "trailer"):
		h.unusual = true
	}
	return nil
}

// check holds the fields against each other.
func (h *head) check() error {
	switch {
	case h.chunked && h.length >= 0:
		return bad("Content-Length with Transfer-Encoding") // RFC 9112, 6.3
	case h.chunked && h.http10:
		return bad("Transfer-Encoding in HTTP/1.0") // RFC 9112, 6.1
	case h.host == nil && !h.http10:
		return bad("no Host") // RFC 9112, 3.2
	case h.host != nil && h.authority != nil && !bytes.EqualFold(h.host, h.authority):
		return bad("the request target names another host than Host") // RFC 9112, 3.2.2
	}
	return nil
}

// asksToClose looks for "Connection: close" among header fields.
func asksToClose(fields []byte) bool {
	for field := range bytes.Lines(fields) {
		name, value, _ := bytes.Cut(field, []byte(":"))
		if isWord(name, "connection") && hasToken(value, "close") {
			return true
		}
	}
	return false
}

// parseLength reads a Content-Length: RFC 9110, 8.6, and no list of equal ones.
func parseLength(digits []byte) (length int64, err error) {
	for _, c := range digits {
		if !isDigit(c) {
			return 0, bad("malformed Content-Length")
		}
		if length > (math.MaxInt64-9)/10 {
			err = &malformed{http.StatusRequestEntityTooLarge, "Content-Length too large to count"}
			continue
		}
		length = length*10 + int64(c-'0')
	}
	if len(digits) == 0 {
		return 0, bad("empty Content-Length")
	}
	return length, err
}

// isHost tells whether b is a host with or without a port, as of RFC 3986,
// 3.2.2, without the percent-encoding and the punctuation that no name has.
func isHost(b []byte) bool {
	i := 0
	if len(b) > 0 && b[0] == '[' {
		i = bytes.IndexByte(b, ']') + 1
		if i == 0 || !isIPv6(b[1:i-1]) {
			return false
		}
	} else {
		for i < len(b) && is[b[i]]&host != 0 {
			i++
		}
	}
	if i == 0 || i < len(b) && b[i] != ':' {
		return false
	}
	return i == len(b) || isPort(b[i+1:])
}

// isIPv6 looks at the characters; whether they make an address, fasthttp checks.
func isIPv6(b []byte) bool {
	for _, c := range b {
		if is[c]&hex == 0 && c != ':' && c != '.' {
			return false
		}
	}
	return bytes.IndexByte(b, ':') >= 0
}

// isPort tells whether b is a port; an empty one is the scheme's.
func isPort(b []byte) bool {
	port := 0
	for _, c := range b {
		if port = port*10 + int(c-'0'); !isDigit(c) || port > math.MaxUint16 {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// isWord compares b with a word in lower case, in any letter case.
func isWord(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if lower(c) != word[i] {
			return false
		}
	}
	return true
}

// trimSpace takes optional white space away, as of RFC 9110, 5.6.3.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// What a byte can be part of.
const (
	token   = 1 << iota // RFC 9110, 5.6.2
	visible             // of a request target: ASCII without controls and space
	text                // of a header value: no controls except the tab
	host                // of a name in Host
	hex
)

var is = classes()

func classes() (is [256]uint8) {
	add := func(class uint8, chars string) {
		for _, c := range []byte(chars) {
			is[c] |= class
		}
	}
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	add(token, digits+letters+"!#$%&'*+-.^_`|~")
	add(host, digits+letters+"-._~")
	add(hex, digits+"abcdefABCDEF")
	for c := range is {
		if c > ' ' && c < 0x7f {
			is[c] |= visible
		}
		if c >= ' ' && c != 0x7f || c == '\t' {
			is[c] |= text
		}
	}
	return is
}
