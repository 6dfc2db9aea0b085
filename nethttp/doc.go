// Package nethttp serves an API from any server of net/http, beside its other
// handlers:
//
//	mux := http.NewServeMux()
//	mux.Handle("/api/", nethttp.Handler(api))
//	mux.Handle("/", pages)
//	http.ListenAndServe("127.0.0.1:8001", mux)
//
//	$ curl -d '{"hello": "world"}' http://127.0.0.1:8001/api/v0/echo/read
//	{"hello":"world"}
//
// The answers are those of package server, as docs/protocol.md states them:
// statuses, JSON, headers, bounds of bodies, other sites. A client that goes
// away ends the context of its call with [apiphant.ErrClientGone].
//
// What the server around it does is left to that: it refuses what it can't read
// as HTTP in its own words, and has its own time-outs (set
// [http.Server.ReadHeaderTimeout], ReadTimeout and IdleTimeout), TLS and HTTP/2,
// access log and shutdown. [apiphant.API.Start] and Stop are for whoever runs
// the server to call, around its ListenAndServe. The API's log is the one of the
// request's context, see [apiphant.WithLog], or else [log/slog.Default].
//
// An open stream (see [apiphant.Stream]) holds [http.Server.Shutdown] up until its
// client leaves, and so the server has to end it: all calls end when the context of
// [http.Server.BaseContext] is cancelled, streams with a last line. Its cause should be
// [apiphant.ErrDraining].
//
// A function takes over its connection ([http.Hijacker]) where the server lets it: not
// by HTTP/2. Then it is that server's to forget, and [http.Server.Shutdown] does not wait.
//
// Routes are found by the path of r.URL as it came, with its escapes, so that a
// handler may stand below any prefix:
//
//	mux.Handle("/shop/", http.StripPrefix("/shop", nethttp.Handler(api)))
//
// Functions that read the request themselves see it without the prefix too. A
// router that cleans paths, as [http.ServeMux] does, redirects before the
// handler is asked.
package nethttp
