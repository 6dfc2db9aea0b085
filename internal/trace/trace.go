// Package trace reads the traceparent header of W3C Trace Context, level 1
// (https://www.w3.org/TR/trace-context-1/):
//
//	00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
//	version, trace-id, parent-id and flags
package trace

import "strings"

const (
	version  = "00"
	idEnd    = 35 // of the trace-id
	spanEnd  = 52 // of the parent-id
	size     = 55
	allZeros = "00000000000000000000000000000000"
)

// Parse returns a valid traceparent: as it came, or, where its version is later, in the
// form of version 00. It returns "" for an invalid one.
func Parse(came string) string {
	switch {
	case len(came) < size, !isHex(came[:2]), came[:2] == "ff", came[2] != '-':
		return ""
	case came[:2] == version && len(came) > size, len(came) > size && came[size] != '-':
		return "" // a later version may go on, with fields of its own
	case came[idEnd] != '-', !isHex(came[3:idEnd]), came[3:idEnd] == allZeros:
		return ""
	case came[spanEnd] != '-', !isHex(came[idEnd+1 : spanEnd]), came[idEnd+1:spanEnd] == allZeros[:16]:
		return ""
	case !isHex(came[spanEnd+1 : size]):
		return ""
	case came[:2] == version:
		return came
	}
	flags := "00"
	if strings.IndexByte("13579bdf", came[size-1]) >= 0 { // sampled, the one flag of version 00
		flags = "01"
	}
	return version + came[2:spanEnd+1] + flags
}

// ID returns the trace-id of what Parse returned.
func ID(parent string) string { return parent[3:idEnd] }

// ParentID returns the parent-id of what Parse returned.
func ParentID(parent string) string { return parent[idEnd+1 : spanEnd] }

// isHex reports whether text has only the digits 0-9 and a-f.
func isHex(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
