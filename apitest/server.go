package apitest

import (
	"net/http"
	"testing"
)

// Server is a product that runs for the time of a test; see [Start] and [Local].
type Server struct {
	// Client asks the product. Its Version, Method and Header may be set for
	// what follows; Host and Port say where the product is.
	Client

	// URL is what paths such as /api/v0/echo/read are appended to. Only HTTP
	// understands that of Local.
	URL string

	t testing.TB
}

// Test is [Client.Test] in a test: the request and its answer go to the test's
// log, and a difference ends the test.
func (s *Server) Test(target, action string, request any, status int, response any) *Response {
	s.t.Helper()
	got, err := s.test(target, action, request, status, response)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Log(got.exchange)
	return got
}

// HTTP returns a client for what functions with raw requests or answers need:
// other methods, forms, uploads, streams. It follows no redirect.
//
//	answer, err := server.HTTP().Get(server.URL + "/api/v0/files/read?name=a.txt")
func (s *Server) HTTP() *http.Client { return s.http() }
