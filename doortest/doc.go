// Package doortest tests implementations of [apiphant.Door], as [testing/slogtest]
// tests those of [log/slog.Handler]:
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
// runs one alone.
//
// # What a door must do
//
// A door makes a call of a request of its transport, and sends the answer; all else
// is done by [apiphant.API.Serve]. docs/protocol.md says what is sent, and the
// comment of [apiphant.Door] what a door has to do for it:
//
//   - [apiphant.API.Find] gets the method and the target as the client sent them.
//   - Bodies are bounded: 1 MiB for JSON, 1 GiB for functions that read the
//     request themselves; an action's own bound takes precedence. An incomplete
//     body is an error.
//   - Headers in which proxies name their client are removed, unless the door
//     trusts the proxy.
//   - Answers that a function writes itself follow net/http's rules, but up to
//     32 KiB are held back, so that an error can be sent instead.
//   - An answer that fails after its beginning was sent is broken off.
//   - A function may keep its request and its writer after the call. Using them
//     then is an error and does no harm.
//
// The fields of [Suite] are for what only some doors can do. Of the optional
// interfaces of a Door, [apiphant.ClientWatcher] is tested where
// [Suite.ClientGone] is set; [apiphant.Timed] and [apiphant.PanicCounter] have no
// effect that a client could see.
//
// # How the cases are written
//
// They are in testdata/*.txtar, one file for each subject; those for a strict API
// (see [apiphant.API.Strict]) are in testdata/strict, and those for one with Hosts in
// testdata/hosts:
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
// case has no line for it. Other headers are not compared.
//
// "broken off" after the status is an answer that begins so and then ends in an
// error; "--> broken off" is any answer that ends in an error, and "--> nothing" a
// connection that is closed without an answer.
//
// A first line such as "in front: method" says that a router in front of the
// door may answer the request itself, see [Suite].
//
// A body that is long or unprintable is written as Go strings, which may be repeated:
//
//	go: "{\"a\":" * 63, "{}", "}" * 63
//
// "gzip: " before a body compresses it.
//
// The answers are written by hand from docs/protocol.md, never copied from what a
// door answers.
package doortest
