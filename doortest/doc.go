// Package doortest proves that a door serves an API as every other door does.
// It is to [apiphant.Door] what [testing/slogtest] is to [log/slog.Handler]:
//
//	func TestDoor(t *testing.T) {
//		doortest.Run(t, func(t *testing.T, api *apiphant.API) string {
//			server := httptest.NewServer(nethttp.Handler(api))
//			t.Cleanup(server.Close)
//			return server.URL
//		})
//	}
//
// Each case is a subtest, so that
//
//	go test -run 'TestDoor/usual/.*/routes/a_doubled_slash'
//
// asks one alone.
//
// # What a door must do
//
// A door makes a call of what its transport brings, and an answer of what comes
// back; what the call means is the pipeline's alone. docs/protocol.md says what
// goes over the wire, and the comment of [apiphant.Door] what is a door's part:
//
//   - The target and the method are handed to [apiphant.API.Find] as they came.
//   - Bodies are bounded: 1 MiB for JSON, 1 GiB for functions that read the
//     request themselves, and an action's own bound before both. A body that did
//     not come whole is an error.
//   - What proxies say of a client is not seen, unless the door trusts the proxy.
//   - Answers that a function writes itself follow net/http's rules, but up to
//     32 KiB are held back, so that an error can still take their place.
//   - An answer that began and failed does not look whole.
//   - What a function was given is of no use after the call, and does no harm.
//
// What only some doors can do is asked with the fields of [Suite]. Of the
// interfaces that a Door may implement, [apiphant.ClientWatcher] is what
// [Suite.ClientGone] asks for; [apiphant.Timed] and [apiphant.PanicCounter]
// change nothing that a client could see.
//
// # How the cases are written
//
// They are in testdata/*.txtar, one file a chapter, to be read like a manual;
// those for a strict API (see [apiphant.API.Strict]) are in testdata/strict:
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
// A first line such as "in front: method" says that a router in front of the
// door may refuse the request itself, see [Suite].
//
// A body with bytes that can't be seen, or very many, is written in Go, as
// strings that are put together and may be repeated:
//
//	go: "{\"a\":" * 63, "{}", "}" * 63
//
// What is wanted stands in docs/protocol.md; it is written by hand, and never
// from what a door answers.
package doortest
