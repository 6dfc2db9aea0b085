// Package requesturi splits the target of a request line (RFC 9112, section 3.2) into its
// path and its query.
package requesturi

import "bytes"

// Split returns the path and the query of a target, neither decoded nor cleaned. Of
// the absolute form of RFC 9112, section 3.2.2, the path is what follows the host.
// Both are parts of target.
func Split(target []byte) (path, query []byte) {
	if at := bytes.IndexByte(target, '?'); at >= 0 {
		target, query = target[:at], target[at+1:]
	}
	if len(target) > 0 && target[0] != '/' {
		if scheme := bytes.Index(target, []byte("://")); scheme >= 0 {
			if slash := bytes.IndexByte(target[scheme+3:], '/'); slash >= 0 {
				target = target[scheme+3+slash:]
			}
		}
	}
	return target, query
}
