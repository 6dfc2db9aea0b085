package doortest_test

import (
	"net/http/httptest"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/nethttp"
)

// A test of a door that is reached over HTTP.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestDoor(t *testing.T)
		doortest.Run(t, func(t *testing.T, api *apiphant.API) string {
			server := httptest.NewServer(nethttp.Handler(api))
			t.Cleanup(server.Close)
			return server.URL
		})
	}
	// Output:
}

// The same for one that stands behind no router, and notices that clients go away.
func ExampleSuite() {
	_ = func(t *testing.T) { // func TestDoor(t *testing.T)
		doortest.Suite{
			Open: func(t *testing.T, api *apiphant.API) string {
				server := httptest.NewServer(nethttp.Handler(api))
				t.Cleanup(server.Close)
				return server.URL
			},
			Addresses:  true,
			Methods:    true,
			ClientGone: true,
			Hijack:     true,
		}.Run(t)
	}
	// Output:
}
