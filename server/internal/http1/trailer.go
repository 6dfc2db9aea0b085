package http1

import "net/http"

// readTrailer reads one byte of the fields after the last chunk. Their syntax
// is checked, and they are dropped: RFC 9110, 6.5.1, does not let them be taken
// for header fields.
func (f *framing) readTrailer(c byte) error {
	if f.state == inTrailer {
		if class[c]&token == 0 { // no further field
			f.state = inEndLF
			return expect(c, '\r')
		}
		f.state, f.named = inFieldName, 0
	}
	if f.count++; f.count > maxTrailer {
		return &Error{http.StatusRequestHeaderFieldsTooLarge, "trailer too large"}
	}
	switch {
	case f.state == inFieldName:
		return f.readTrailerName(c)
	case f.state == inFieldLF:
		f.state = inTrailer
		return expect(c, '\n')
	case c == '\r':
		f.state = inFieldLF
	case class[c]&text == 0:
		return bad("control character or LF without CR in a trailer")
	}
	return nil
}

func (f *framing) readTrailerName(c byte) error {
	switch {
	case c == ':' && !isForbidden(f.name[:min(f.named, maxForbidden)]):
		f.state = inFieldValue
	case class[c]&token == 0:
		return bad("invalid or forbidden name of a trailer field")
	default:
		if f.named < maxForbidden {
			f.name[f.named] = lower(c)
		}
		f.named++
	}
	return nil
}

// maxForbidden is longer than every name that isForbidden knows.
const maxForbidden = 20

// isForbidden reports whether a field may not stand in a trailer, since it
// changes how the message is read, for whom, from whom or as what: RFC 9110, 6.5.1.
func isForbidden(name []byte) bool {
	switch string(name) {
	case "authorization", "connection", "content-encoding", "content-length", "content-range", "content-type",
		"cookie", "expect", "host", "keep-alive", "max-forwards", "proxy-authorization", "proxy-connection", "range",
		"te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return false
}
