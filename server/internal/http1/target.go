package http1

import (
	"bytes"
	"math"
	"net/http"
)

// checkTarget accepts the four forms of RFC 9112, 3.2, and keeps the authority
// of those that have one.
func (h *Head) checkTarget() error {
	method, target := h.Method, h.Target
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
	if h.authority != nil && !IsHost(h.authority) {
		return bad("invalid authority in the request target") // user information is invalid, too
	}
	return nil
}

// parseLength reads a Content-Length: RFC 9110, 8.6. A list of equal lengths,
// which the RFC lets a server accept, is an error.
func parseLength(digits []byte) (length int64, err error) {
	for _, c := range digits {
		if !isDigit(c) {
			return 0, bad("malformed Content-Length")
		}
		if length > (math.MaxInt64-9)/10 {
			err = &Error{http.StatusRequestEntityTooLarge, "Content-Length too large to count"}
			continue
		}
		length = length*10 + int64(c-'0')
	}
	if len(digits) == 0 {
		return 0, bad("empty Content-Length")
	}
	return length, err
}

// IsHost reports whether b is a host with or without a port: RFC 3986, 3.2.2,
// without percent-encoding and without the punctuation that no host name has.
// Of an address in brackets it checks only the characters.
func IsHost(b []byte) bool {
	i := 0
	if len(b) > 0 && b[0] == '[' {
		i = bytes.IndexByte(b, ']') + 1
		if i == 0 || !hasIPv6Characters(b[1:i-1]) {
			return false
		}
	} else {
		for i < len(b) && class[b[i]]&host != 0 {
			i++
		}
	}
	if i == 0 || i < len(b) && b[i] != ':' {
		return false
	}
	return i == len(b) || isPort(b[i+1:])
}

func hasIPv6Characters(b []byte) bool {
	for _, c := range b {
		if class[c]&hex == 0 && c != ':' && c != '.' {
			return false
		}
	}
	return bytes.IndexByte(b, ':') >= 0
}

// isPort reports whether b is a port. An empty one stands for the scheme's.
func isPort(b []byte) bool {
	port := 0
	for _, c := range b {
		if port = port*10 + int(c-'0'); !isDigit(c) || port > math.MaxUint16 {
			return false
		}
	}
	return true
}
