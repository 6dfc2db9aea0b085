// Package conformance is the wire contract as a suite that every door must
// pass: a product ([API]) and the requests to it with the answers they must
// get, byte for byte. The cases are in testdata/*.txtar, one file a chapter, to
// be read like a manual, those of a strict product ([StrictAPI]) in
// testdata/strict:
//
//	-- the keys of an Object are sorted --
//	POST /api/v0/echo/read
//
//	{"b":1,"a":2}
//	--> 200
//
//	{"a":2,"b":1}
//
// A case is a request line, headers, and after an empty line the body; then the
// same of the answer. The line break before --> and the one at the case's end do
// not belong to the bodies. The answer must have the headers given: a value, a
// regular expression after ~, or nothing for a header that must not be there. It
// must have an X-Request-Id, and application/json as its Content-Type where the
// case doesn't speak of it. Other headers are as they may.
//
// After the status, "broken off" is an answer that begins like that and that
// its client can't take for whole; "--> broken off" is any such, however much of
// it came, and "--> nothing" a connection that is closed without an answer.
//
// A body with bytes that can't be seen, or very many, is written in Go, as
// strings that are put together and may be repeated:
//
//	go: "{\"a\":" * 63, "{}", "}" * 63
//
// What is wanted stands in docs/protocol.md; it is written by hand, and never
// from what a door answers.
package conformance
