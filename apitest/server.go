package apitest

import (
	"net/http"
	"testing"
)

// Server is a product that runs for the time of a test; see [Start] and [Local].
type Server struct {
	// Client sends requests to the product. Its Version, Method and Header may
	// be changed at any time; Host and Port are the product's.
	Client

	// URL is what paths such as /api/v0/echo/read are appended to. The URL of Local
	// works only with the client that HTTP returns.
	URL string

	t testing.TB
}

// Test is [Client.Test] in a test: the request and its answer go to the test's
// log, and a difference ends the test.
func (s *Server) Test(target, action string, request any, status int, response any) *Response {
	s.t.Helper()
	return s.logged(s.test(s.route(target, action, request), status, response))
}

// TestAddress is [Client.TestAddress] in a test.
func (s *Server) TestAddress(method, path string, request any, status int, response any) *Response {
	s.t.Helper()
	return s.logged(s.test(question{method, path, request}, status, response))
}

func (s *Server) logged(got *Response, err error) *Response {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Log(got.exchange)
	return got
}

// HTTP returns a client for functions with raw requests or answers: for other
// methods, forms, uploads and streams. It follows no redirect.
//
//	answer, err := server.HTTP().Get(server.URL + "/api/v0/files/read?name=a.txt")
func (s *Server) HTTP() *http.Client { return s.http() }
