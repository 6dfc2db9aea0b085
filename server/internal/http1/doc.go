// Package http1 parses requests of HTTP/1.1 and HTTP/1.0. It knows no
// connection: it is given bytes and says what they mean.
//
// A request such as
//
//	POST /api/v0/echo/read HTTP/1.1
//	Host: example.com
//	Content-Length: 2
//
//	{}
//
// is a [Head], which [Head.Parse] reads, and a [Body], which reads what comes
// after the head up to the end of the request and never further.
//
// It is strict wherever RFC 9112 leaves a choice. What two servers could read
// in two ways is an [Error], so that nobody can hide a request inside another
// one. See docs/adr/0010-header-guard.md.
package http1
