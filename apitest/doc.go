// Package apitest tests a product from its clients' side: it sends a request, and
// compares the status and the JSON of the answer with what is wanted.
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
// In go test, [Local] needs neither a port nor a process, and gives the same
// answers; [Start] builds the product and serves it as in production:
//
//	func TestEcho(t *testing.T) {
//		server := apitest.Start(t, "../../..")
//		server.Test("echo", "read", apiphant.Object{"hello": "world"},
//			200, apiphant.Object{"hello": "world", "server": "myproduct"})
//	}
//
// A request and a wanted response are any Go value, encoded by encoding/json. A
// string, []byte or json.RawMessage is JSON text, and is sent as it is, valid or
// not. A nil request is an empty body, and a [Form] has files. Where the wanted response is nil, only the
// status is compared. The order of keys does not matter, and numbers are compared
// as numbers, exactly: 1.0 equals 1, and 12345678901234567890 does not equal
// 12345678901234567891.
package apitest
