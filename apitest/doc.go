// Package apitest tests a product as those who call it do: it sends a request,
// and compares the answer's status and JSON with what is wanted.
//
//	apiphant myproduct 127.0.0.1:8888
//
//	apitest.Test("echo", "read", apiphant.Object{"hello": "world"},
//		200, apiphant.Object{"hello": "world", "server": "myproduct"})
//
// prints
//
//	POST http://127.0.0.1:8888/api/v0/echo/read {"hello":"world"} --> 200 {"hello":"world","server":"myproduct"}
//
// In go test, [Local] needs no port and no process, and gives the same answers
// through the same pipeline; [Start] builds the product and serves it as its
// users will:
//
//	func TestEcho(t *testing.T) {
//		server := apitest.Start(t, "../../..")
//		server.Test("echo", "read", apiphant.Object{"hello": "world"},
//			200, apiphant.Object{"hello": "world", "server": "myproduct"})
//	}
//
// A request and a wanted response are any Go value, as encoding/json writes it;
// a string, []byte or json.RawMessage is JSON text, sent as it stands, broken or
// not. A nil request is an empty body, and of a nil response only the status is
// compared. Objects are the same in any order of their keys, and numbers are
// compared as numbers, exactly: 1.0 is 1, and 12345678901234567890 is not
// 12345678901234567891.
package apitest
