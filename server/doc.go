// Package server is the door that serves an [apiphant.API] over HTTP/1.1.
//
//	ln, err := server.Listen("127.0.0.1:8001")
//	…
//	err = (&server.Server{API: api}).Serve(ctx, ln)
//
// It bounds everything that arrives, answers every refusal in the API's own form,
// streams the requests and responses of raw actions, and lets every client finish
// before it ends. What a call means is not decided here, see [apiphant.API.Serve].
//
// The way of a request: conn.serve waits for it and parses its head (serve.go).
// conn.answerJSON answers a request whose response is JSON (json.go), and fasthttp
// answers any other (fasthttp.go). Either way a door (door.go) translates between
// the request and the pipeline, and finish (finish.go) ends it. The connection
// itself is in package connection, the parsing in package http1. See
// docs/adr/0021-own-loop.md.
package server
