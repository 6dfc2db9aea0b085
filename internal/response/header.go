package response

import (
	"net/http"
	"net/textproto"
	"strings"
)

// cleanHeader returns what is sent of a function's headers, which is what
// net/http's server would send: names in canonical form, those that are not
// valid left out, values on one line. What says how the body is sent, and
// trailers, are left out too.
func cleanHeader(header http.Header) http.Header {
	count := 0
	for _, values := range header {
		count += len(values)
	}
	all := make([]string, 0, count) // of all names
	clean := make(http.Header, len(header))
	for name, values := range header {
		name = textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case name == "Content-Length", name == "Transfer-Encoding", name == "Trailer":
		case strings.HasPrefix(name, http.TrailerPrefix), !isToken(name):
		default:
			from := len(all)
			for _, value := range values {
				all = append(all, CleanValue(value))
			}
			if came := all[from:len(all):len(all)]; clean[name] == nil {
				clean[name] = came
			} else { // it was there in another letter case
				clean[name] = append(clean[name], came...)
			}
		}
	}
	return clean
}

var newlines = strings.NewReplacer("\n", " ", "\r", " ")

// CleanValue returns the value of a header on one line.
func CleanValue(value string) string {
	return textproto.TrimString(newlines.Replace(value))
}

// isToken reports whether a name is one that a header may have: RFC 9110, 5.6.2.
func isToken(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return name != ""
}

// Merge puts the headers that a function set into those that the answer has
// already. They come in the place of others with the same name; what stands in
// a Vary is added. A name without values is removed, so that
//
//	w.Header()["Content-Type"] = nil
//
// leaves the Content-Type out.
func Merge(into, own http.Header) {
	for name, values := range own {
		switch {
		case name == "Vary":
			into[name] = append(into[name], values...)
		case len(values) == 0:
			delete(into, name)
		default:
			into[name] = values
		}
	}
}

// sniffed is how much of a body http.DetectContentType looks at.
const sniffed = 512

// detect sets the Content-Type where neither the function nor the pipeline did,
// by what was written so far and what comes next.
func (w *Writer) detect(next []byte) {
	_, set := w.sent["Content-Type"]
	if set || w.body != nil || !HasBody(w.status) || w.sent.Get("Content-Encoding") != "" || w.output.HasContentType() {
		return
	}
	data := w.buffer[:min(len(w.buffer), sniffed)]
	if missing := sniffed - len(data); missing > 0 && len(next) > 0 {
		data = append(data[:len(data):len(data)], next[:min(len(next), missing)]...)
	}
	if len(data) > 0 {
		w.sent.Set("Content-Type", http.DetectContentType(data))
	}
}
