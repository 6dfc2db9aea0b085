package server

import "net/http"

const (
	// maxSizeDigits is what fasthttp reads of a chunk's size.
	maxSizeDigits = 15

	// maxExtension bounds the bytes after the size of each chunk, which cost a
	// client little and mean nothing here.
	maxExtension = 256

	// maxTrailer bounds the fields after the last chunk, in bytes.
	maxTrailer = 8 << 10
)

// chunked follows a body as of RFC 9112, 7.1, up to the end of b, of the body or
// the beginning of a trailer field.
func (g *guard) chunked(b []byte) (n int) {
	for n < len(b) {
		if g.in == partData {
			data := min(g.left, int64(len(b)-n))
			n += int(data)
			if g.left -= data; g.left == 0 {
				g.in = partDataCR
			}
			continue
		}
		if g.in == partTrailer && is[b[n]]&token != 0 {
			return n
		}
		if g.framing(b[n]); g.refuse != nil {
			return n
		}
		if n++; g.in == partHead {
			return n
		}
	}
	return n
}

// framing follows one byte between the data of chunks.
func (g *guard) framing(c byte) {
	switch g.in {
	default:
		g.extension(c)
	case partSize:
		g.size(c)
	case partSizeLF:
		g.in, g.count = partData, 0
		if g.left == 0 {
			g.in = partTrailer
		}
		g.expect(c, '\n')
	case partDataCR:
		g.in = partDataLF
		g.expect(c, '\r')
	case partDataLF:
		g.in, g.count = partSize, 0
		g.expect(c, '\n')
	case partTrailer:
		g.in = partEndLF
		g.expect(c, '\r')
	case partEndLF:
		g.in = partHead
		g.expect(c, '\n')
	}
}

// expect refuses any other byte.
func (g *guard) expect(c, want byte) {
	if c != want {
		g.refuse = bad("a line of a chunked body does not end, or not in CRLF")
	}
}

func (g *guard) size(c byte) {
	switch {
	case is[c]&hex != 0 && g.count < maxSizeDigits:
		g.count++
		g.left = g.left<<4 | hexValue(c)
	case g.count == 0:
		g.refuse = bad("no chunk size")
	case c == '\r':
		g.in = partSizeLF
	case c == ';':
		g.in, g.count = partExtension, 0
	default:
		g.refuse = bad("malformed chunk size")
	}
}

func hexValue(digit byte) int64 {
	if isDigit(digit) {
		return int64(digit - '0')
	}
	return int64(digit|0x20-'a') + 10
}

// trailerFields follows the fields after the last chunk, to their end or b's.
func (g *guard) trailerFields(b []byte) (n int) {
	for ; n < len(b); n++ {
		c := b[n]
		if g.in == partTrailer {
			if is[c]&token == 0 {
				return n
			}
			g.in, g.named = partFieldName, 0
		}
		if g.count++; g.count > maxTrailer {
			g.refuse = &malformed{http.StatusRequestHeaderFieldsTooLarge, "trailer too large"}
		}
		if g.fieldByte(c); g.refuse != nil {
			return n
		}
	}
	return n
}

func (g *guard) fieldByte(c byte) {
	switch {
	case g.in == partFieldName:
		g.fieldName(c)
	case g.in == partFieldLF:
		g.in = partTrailer
		g.expect(c, '\n')
	case c == '\r':
		g.in = partFieldLF
	case is[c]&text == 0:
		g.refuse = bad("control character or LF alone in a trailer")
	}
}

func (g *guard) fieldName(c byte) {
	switch {
	case c == ':' && !isForbidden(g.name[:min(g.named, maxForbidden)]):
		g.in = partFieldValue
	case is[c]&token == 0:
		g.refuse = bad("invalid or forbidden name of a trailer field")
	default:
		if g.named < maxForbidden {
			g.name[g.named] = lower(c)
		}
		g.named++
	}
}

// maxForbidden is more than the length of every name that isForbidden knows.
const maxForbidden = 20

// isForbidden tells whether a field may not come after the body: it would change
// how the message is read, for whom, from whom or as what. RFC 9110, 6.5.1.
func isForbidden(name []byte) bool {
	switch string(name) {
	case "authorization", "connection", "content-encoding", "content-length", "content-range", "content-type",
		"cookie", "expect", "host", "keep-alive", "max-forwards", "proxy-authorization", "proxy-connection", "range",
		"te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return false
}
