// Package rule holds the checks that a value of a request can be put to:
// formats, bounds of numbers, multiples. The tags of a typed request and the
// rules of package validation both end here, so that a "minimum" or a "date"
// means the same wherever it is written.
//
// It knows no JSON, no field and no path: a value goes in, a verdict comes out.
// Everything here is safe for concurrent use once it is made, takes time linear
// in the length of what it is given, and never panics on it.
package rule
