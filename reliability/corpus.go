package main

import (
	"fmt"
	"strings"
)

// message is one message of the corpus.
type message struct {
	name   string // what it is, with the section that forbids it
	bytes  string
	served int // the number of valid requests in it; 0: it must be refused
}

func (m message) valid() bool { return m.served > 0 }

const (
	line  = "POST /api/v0/echo/read HTTP/1.1\r\n"
	host  = "Host: product\r\n"
	begin = line + host
	small = "Content-Length: 2\r\n\r\n{}"
	chunk = "2\r\n{}\r\n0\r\n\r\n"

	// smuggled is the request that a server sees which misjudges the end of a body.
	smuggled = "POST /api/v0/canary/create HTTP/1.1\r\nHost: product\r\nContent-Length: 2\r\n\r\n{}"
)

// corpus returns all messages. Sections without a document are those of RFC 9112.
var corpus = append(append(requests(), framing...), append(syntax, targets...)...)

// requests are valid and must be served.
func requests() []message {
	return []message{
		{"a Content-Length", begin + small, 1},
		{"two, pipelined (9.3.2)", begin + small + begin + small, 2},
		{"chunked", begin + "Transfer-Encoding: chunked\r\n\r\n" + chunk, 1},
		{"chunked in capitals (7: case-insensitive)", begin + "Transfer-Encoding: CHUNKED\r\n\r\n" + chunk, 1},
		{"chunk extension (7.1.1)", begin + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n", 1},
		{"a chunk extension that is quoted (7.1.1)", begin + "Transfer-Encoding: chunked\r\n\r\n2;a=\"b c\"\r\n{}\r\n0\r\n\r\n", 1},
		{"leading zeros of a chunk size (7.1)", begin + "Transfer-Encoding: chunked\r\n\r\n002\r\n{}\r\n000\r\n\r\n", 1},
		{"capitals in a chunk size", begin + "Transfer-Encoding: chunked\r\n\r\nA\r\n{        }\r\n0\r\n\r\n", 1},
		{"trailers (7.1.2)", begin + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n", 1},
		{"chunked, and another", begin + "Transfer-Encoding: chunked\r\n\r\n" + chunk + begin + small, 2},
		{"no body at all", begin + "\r\n", 1},
		{"Content-Length 0", begin + "Content-Length: 0\r\n\r\n", 1},
		{"Content-Length with leading zeros (RFC 9110, 8.6: 1*DIGIT)", begin + "Content-Length: 002\r\n\r\n{}", 1},
		{"header names in any case (5)", line + "hOST: product\r\ncONTENT-lENGTH: 2\r\n\r\n{}", 1},
		{"no white space after the colon (5)", line + "Host:product\r\nContent-Length:2\r\n\r\n{}", 1},
		{"white space around a value (5)", begin + "Content-Length: \t 2 \t\r\n\r\n{}", 1},
		{"an empty value (RFC 9110, 5.5)", begin + "X:\r\n" + small, 1},
		{"obs-text in a value (RFC 9110, 5.5)", begin + "X: \x80\xff\r\n" + small, 1},
		{"every character of a token in a name (RFC 9110, 5.6.2)", begin + "!#$%&'*+-.^_`|~09azAZ: x\r\n" + small, 1},
		{"Host with a port", line + "Host: product:8001\r\n" + small, 1},
		{"Host that is an IPv6 address", line + "Host: [::1]:8001\r\n" + small, 1},
		{"an empty line before the request line (2.2)", "\r\n" + begin + small, 1},
		{"the absolute form (3.2.2)", "POST http://product/api/v0/echo/read HTTP/1.1\r\n" + host + small, 1},
		{"a query", "POST /api/v0/echo/read?a=b&c=%20 HTTP/1.1\r\n" + host + small, 1},
		{"HTTP/1.0", "POST /api/v0/echo/read HTTP/1.0\r\nHost: product\r\n" + small, 1},
		{"HTTP/1.0 without Host", "POST /api/v0/echo/read HTTP/1.0\r\n" + small, 1},
		{"Connection: close", begin + "Connection: close\r\n" + small, 1},
	}
}

// after returns a header and a body that contains a request, which a server runs if it
// misjudges where the body ends.
func after(headers, body string) string { return begin + headers + "\r\n" + body + smuggled }

// framing are messages whose end servers determine in different ways (6.3).
var framing = refused(append([]message{
	{name: "CL.TE (6.1)", bytes: after("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
	{name: "TE.CL (6.1)", bytes: after("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
	{name: "CL.TE whose length takes the smuggled in", bytes: after(fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", 5+len(smuggled)), "0\r\n\r\n")},
	{name: "two lengths (6.3)", bytes: after("Content-Length: 2\r\nContent-Length: 0\r\n", "{}")},
	{name: "two lengths, the longer second", bytes: after(fmt.Sprintf("Content-Length: 2\r\nContent-Length: %d\r\n", 2+len(smuggled)), "{}")},
	{name: "a list of lengths that differ", bytes: after("Content-Length: 2, 0\r\n", "{}")},
	{name: "a body for Content-Length 0 and chunked", bytes: after("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
	{name: "HTTP/1.0 with Transfer-Encoding (6.1)", bytes: strings.Replace(after("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "HTTP/1.1", "HTTP/1.0", 1)},
	{name: "chunked twice (7.1: once only)", bytes: after("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
	{name: "chunked, chunked", bytes: after("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
	{name: "chunked, then identity in a header of its own", bytes: after("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding on a folded line", bytes: after("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding behind a bare CR", bytes: after("X: x\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
	{name: "Transfer-Encoding behind a bare LF", bytes: after("X: x\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
	{name: "white space before the colon of Transfer-Encoding (5.1)", bytes: after("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
	{name: "white space before the colon of Content-Length (5.1)", bytes: after("Content-Length : 2\r\n", "{}")},
	{name: "white space before the name (2.2)", bytes: begin[:len(line)] + " Content-Length: 2\r\n" + host + "\r\n{}" + smuggled},
}, append(wrongLengths(), append(wrongCodings(), wrongChunks()...)...)...))

func wrongLengths() (list []message) {
	for _, value := range []string{"", "-2", "+2", "2.0", "0x2", "2 2", "2a", "2;", "\"2\"", "٢", "1_0", "2\t2", "99999999999999999999", "18446744073709551618", "9223372036854775808"} {
		list = append(list, message{name: fmt.Sprintf("Content-Length %q (RFC 9110, 8.6)", value), bytes: after("Content-Length: "+value+"\r\n", "{}")})
	}
	return list
}

func wrongCodings() (list []message) {
	for _, value := range []string{"", "identity", "gzip", "gzip, chunked", "chunked, gzip", "chunked, identity", "xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", "chunked,", ",chunked", "\x0bchunked", "chunked\x0c", "chunked\x00", "'chunked'", "chun ked"} {
		list = append(list, message{name: fmt.Sprintf("Transfer-Encoding %q (6.1, 7)", value), bytes: after("Transfer-Encoding: "+value+"\r\n", "0\r\n\r\n")})
	}
	return list
}

func wrongChunks() (list []message) {
	chunks := []struct{ name, bytes string }{
		{"a chunk size with a sign", "+2\r\n{}\r\n0\r\n\r\n"},
		{"a negative chunk size", "-2\r\n{}\r\n0\r\n\r\n"},
		{"a chunk size as 0x2", "0x2\r\n{}\r\n0\r\n\r\n"},
		{"a chunk size with _", "0_2\r\n{}\r\n0\r\n\r\n"},
		{"white space before a chunk size", " 2\r\n{}\r\n0\r\n\r\n"},
		{"no chunk size", "\r\n{}\r\n0\r\n\r\n"},
		{"a chunk size that overflows 64 bits", "10000000000000002\r\n{}\r\n0\r\n\r\n"},
		{"a chunk size of 64 bits", "fffffffffffffffe\r\n{}\r\n0\r\n\r\n"},
		{"a chunk size that is no number", "G\r\n{}\r\n0\r\n\r\n"},
		{"a bare LF after a chunk size", "2\n{}\r\n0\r\n\r\n"},
		{"a bare CR after a chunk size", "2\r{}\r\n0\r\n\r\n"},
		{"a bare LF in a chunk extension (TERM.EXT)", "2;\n{}\r\n0\r\n\r\n"},
		{"a bare LF after chunk data", "2\r\n{}\n0\r\n\r\n"},
		{"no end of chunk data", "2\r\n{}0\r\n\r\n"},
		{"chunk data longer than its size", "1\r\n{}\r\n0\r\n\r\n"},
		{"a bare LF after the last chunk", "2\r\n{}\r\n0\n\n"},
		{"a trailer on a folded line", "2\r\n{}\r\n0\r\nX: a\r\n b\r\n\r\n"},
		{"NUL in a chunk extension", "2;a=\x00\r\n{}\r\n0\r\n\r\n"},
		{"a name of a trailer that is no token", "2\r\n{}\r\n0\r\nX Y: a\r\n\r\n"},
		{"a trailer without a colon", "2\r\n{}\r\n0\r\nX\r\n\r\n"},
	}
	for _, c := range chunks {
		list = append(list, message{name: c.name + " (7.1)", bytes: begin + "Transfer-Encoding: chunked\r\n\r\n" + c.bytes + smuggled})
	}
	return list
}

// syntax are messages with invalid header lines (2.2, 5).
var syntax = refused([]message{
	{name: "no Host (3.2)", bytes: line + small},
	{name: "two Hosts (3.2)", bytes: begin + host + small},
	{name: "two Hosts that differ", bytes: begin + "Host: other\r\n" + small},
	{name: "userinfo in Host (RFC 9110, 7.2)", bytes: line + "Host: user@product\r\n" + small},
	{name: "a path in Host", bytes: line + "Host: product/x\r\n" + small},
	{name: "white space in Host", bytes: line + "Host: pro duct\r\n" + small},
	{name: "a list in Host", bytes: line + "Host: product, other\r\n" + small},
	{name: "a port in Host that is none", bytes: line + "Host: product:x\r\n" + small},
	{name: "two ports in Host", bytes: line + "Host: product:1:2\r\n" + small},
	{name: "a bracket in Host that is not closed", bytes: line + "Host: [::1\r\n" + small},
	{name: "obs-fold (5.2)", bytes: begin + "X: a\r\n b\r\n" + small},
	{name: "obs-fold with a tab", bytes: begin + "X: a\r\n\tb\r\n" + small},
	{name: "obs-fold of the first header", bytes: line + " Host: product\r\n" + small},
	{name: "a bare CR in a value (2.2)", bytes: begin + "X: a\rb\r\n" + small},
	{name: "a bare LF as the end of a line", bytes: line + "Host: product\nContent-Length: 2\n\n{}"},
	{name: "a bare LF after the request line", bytes: strings.Replace(begin, "\r\n", "\n", 1) + small},
	{name: "a bare LF as the empty line", bytes: begin + "Content-Length: 2\r\n\n{}"},
	{name: "a bare CR as the empty line", bytes: begin + "Content-Length: 2\r\n\r{}" + "\r\n\r\n"},
	{name: "NUL in a value (RFC 9110, 5.5)", bytes: begin + "X: a\x00b\r\n" + small},
	{name: "a control character in a value", bytes: begin + "X: a\x01b\r\n" + small},
	{name: "DEL in a value", bytes: begin + "X: a\x7fb\r\n" + small},
	{name: "NUL in a name", bytes: begin + "X\x00: a\r\n" + small},
	{name: "white space in a name (5.1)", bytes: begin + "X Y: a\r\n" + small},
	{name: "white space before the colon", bytes: begin + "X : a\r\n" + small},
	{name: "a tab before the colon", bytes: begin + "X\t: a\r\n" + small},
	{name: "no name", bytes: begin + ": a\r\n" + small},
	{name: "no colon", bytes: begin + "X\r\n" + small},
	{name: "a name in quotes", bytes: begin + "\"X\": a\r\n" + small},
	{name: "a name with (", bytes: begin + "X(: a\r\n" + small},
	{name: "a name beyond ASCII", bytes: begin + "Xé: a\r\n" + small},
})

// targets are messages with invalid request lines (3).
var targets = refused([]message{
	{name: "HTTP/0.9", bytes: "GET /api/v0/echo/read\r\n\r\n"},
	{name: "HTTP/1.2", bytes: "POST /api/v0/echo/read HTTP/1.2\r\n" + host + small},
	{name: "HTTP/2.0", bytes: "POST /api/v0/echo/read HTTP/2.0\r\n" + host + small},
	{name: "HTTP/1.10 (2.3: one digit)", bytes: "POST /api/v0/echo/read HTTP/1.10\r\n" + host + small},
	{name: "HTTP/01.1", bytes: "POST /api/v0/echo/read HTTP/01.1\r\n" + host + small},
	{name: "http/1.1 (2.3: case-sensitive)", bytes: "POST /api/v0/echo/read http/1.1\r\n" + host + small},
	{name: "HTTPS/1.1", bytes: "POST /api/v0/echo/read HTTPS/1.1\r\n" + host + small},
	{name: "a version with a space behind it", bytes: "POST /api/v0/echo/read HTTP/1.1 \r\n" + host + small},
	{name: "HTTP/1,1", bytes: "POST /api/v0/echo/read HTTP/1,1\r\n" + host + small},
	{name: "two spaces in the request line (3)", bytes: "POST  /api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "a tab in the request line", bytes: "POST\t/api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "a space before the method", bytes: " " + begin + small},
	{name: "a space in the target (3.2)", bytes: "POST /api/v0/echo/read a HTTP/1.1\r\n" + host + small},
	{name: "a fragment (3.2)", bytes: "POST /api/v0/echo/read#x HTTP/1.1\r\n" + host + small},
	{name: "NUL in the target", bytes: "POST /api/v0/echo/read?\x00 HTTP/1.1\r\n" + host + small},
	{name: "a control character in the target", bytes: "POST /api/v0/echo/read?\x01 HTTP/1.1\r\n" + host + small},
	{name: "a target without a slash", bytes: "POST api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "the absolute form of another host (3.2.2)", bytes: "POST http://other/api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "userinfo in the absolute form (RFC 9110, 4.2.4)", bytes: "POST http://user@product/api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "the absolute form without a host", bytes: "POST http:///api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "a method that is no token (RFC 9110, 9.1)", bytes: "PO(ST /api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "no method", bytes: " /api/v0/echo/read HTTP/1.1\r\n" + host + small},
	{name: "a bare CR for the request line's end", bytes: "POST /api/v0/echo/read HTTP/1.1\r" + host + small},
	{name: "the preface of HTTP/2", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
	{name: "the beginning of TLS", bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 32)},
})

// refused returns messages that must be refused.
func refused(messages []message) []message {
	for i := range messages {
		messages[i].served = 0
	}
	return messages
}
