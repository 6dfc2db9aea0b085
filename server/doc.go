// Package server serves an [apiphant.API] over HTTP/1.1. It implements [apiphant.Door]
// for this transport.
//
//	ln, err := server.Listen("127.0.0.1:8001")
//	…
//	err = (&server.Server{API: api}).Serve(ctx, ln)
//
// It limits the size, the time and the number of requests and connections. A request
// that it refuses gets an error in the same JSON form as the errors of functions. The
// bodies of raw actions are streamed. When the server is to end, running calls may
// finish first, within [Server.Drain]. How a call is handled is not decided here but in
// [apiphant.API.Serve], the same for every transport.
//
// A request is served in these steps. conn.serve waits for it (serve.go). Its head is
// parsed in request.go. conn.answerJSON answers an ordinary JSON call (json.go).
// fasthttp answers raw actions, HEAD, HTTP/1.0 and other special requests (fasthttp.go).
// In both cases a door (door.go) translates between the request and API.Serve, and
// door.finish (finish.go) ends the request. Package connection has the connection
// itself, package http1 the parser. See docs/adr/0021-own-loop.md for why.
package server
