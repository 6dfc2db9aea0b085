// Package server is the door that serves an [apiphant.API] over HTTP/1.1 with
// fasthttp.
//
//	ln, err := server.Listen("127.0.0.1:8001")
//	…
//	err = (&server.Server{API: api}).Serve(ctx, ln)
//
// It bounds everything that arrives, answers every refusal in the API's own
// form, streams the requests and answers of raw actions, and lets every client
// finish before it ends. What a call means is not decided here, see
// [apiphant.API.Serve].
package server
